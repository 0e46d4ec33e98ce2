"""The flow `contain`. Does not do anything itself: the engine does, and tells Prefect as much as the run id."""

from prefect import flow

from flows.body import carried


@flow(name="contain", flow_run_name="{run}", retries=0, persist_result=False, log_prints=False)
async def contain(run: str) -> str:
    """Contain: hold, wall, cut, sweep, a short watch, report."""
    return await carried(run, "contain")
