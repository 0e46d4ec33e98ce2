"""The seeded simulation: `python -m tests.simulation --seeds 1000 [--from N]`, `--seed N [--trace]`."""

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.simulation.tell import tell

REPLAY = "uv run python -m tests.simulation --seed {seed} --trace"


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation", description="Contain an attacker in memory, a story a seed."
    )
    parser.add_argument("--seeds", type=int, default=1000, help="how many seeds")
    parser.add_argument("--from", type=int, default=1, dest="first", help="the first of them")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--trace", action="store_true", help="with --seed: print everything that happened")
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    if asked.seed is not None:
        return one(asked.seed, trace=asked.trace)
    return many(range(asked.first, asked.first + asked.seeds), asked.processes)


def one(seed, *, trace):
    told = tell(seed, keep_trace=True)
    if trace:
        print("\n".join(told.trace))
    print(f"seed {seed}: {told.words} {told.digest}")
    for what in told.wrong:
        print(f"seed {seed}: {what}")
    return 1 if told.wrong else 0


def many(seeds, processes):
    began, total, words, failed = time.monotonic(), Counter(), Counter(), []
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for told in pool.map(tell, seeds, chunksize=5):
            total.update(told.counts)
            words.update(told.words)
            if told.wrong:
                failed.append(told)
                print(
                    f"seed {told.seed}: {told.wrong[0]}"
                    + (f" (and {len(told.wrong) - 1} more)" if told.wrong[1:] else "")
                )
                print(f"  {REPLAY.format(seed=told.seed)}")
    took = time.monotonic() - began
    print(
        f"{len(seeds)} seeds in {took:.0f} s ({len(seeds) / took:.1f}/s): {total['contained']} contained,"
        f" {total['recovered']} recovered; attacker successes before the word {total['successes_before']},"
        f" after it {total['successes_after']}; writes {total['writes']} of {total['requests']} requests,"
        f" not in the record {total['unrecorded']}; {total['events']} events, not so {total['untrue']};"
        f" processes {total['processes']}, killed {total['killed']}, frozen {total['frozen']}; wrong {len(failed)}"
    )
    print("words: " + ", ".join(f"{word} {count}" for word, count in words.most_common()))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
