"""The flow `recover`. Does not do anything itself: the engine does, and tells Prefect as much as the run id."""

from prefect import flow

from flows.body import carried


@flow(name="recover", flow_run_name="{run}", retries=0, persist_result=False, log_prints=False)
async def recover(run: str) -> str:
    """Recover: carry out eradicate, then recover. Started by people, never by a failure or a timer."""
    return await carried(run, "recover")
