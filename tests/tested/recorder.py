"""A plugin of pytest's: which actions each test asked for calls, and got some. `-p tests.tested.recorder --asked-of FILE`."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

from connectors.core import Action


class Recorder:
    """Attributes: `asked`: FILE::FUNCTION -> names of actions. `now`: the test that runs."""

    def __init__(self) -> None:
        self.asked: dict[str, set[str]] = defaultdict(set)
        self.now = ""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        self.now = item.nodeid.partition("[")[0]
        try:
            result = yield
        except BaseException:
            self.asked.pop(self.now, None)  # a test that fails, or is skipped, shows nothing
            raise
        finally:
            self.now = ""
        return result

    def watch(self, missing):
        def watched(action, p, seen, me):
            calls = missing(action, p, seen, me)
            if calls and self.now:
                self.asked[self.now].add(action.name)
            return calls

        return watched


def pytest_addoption(parser):
    parser.addoption("--asked-of", default="", help="the file that what was asked is written to")


def pytest_configure(config):
    if config.getoption("--asked-of"):
        recorder = Recorder()
        Action.missing = recorder.watch(Action.missing)
        config.pluginmanager.register(recorder, "asked-of")


def pytest_unconfigure(config):
    recorder = config.pluginmanager.get_plugin("asked-of")
    if recorder is not None:
        found = {test: sorted(actions) for test, actions in sorted(recorder.asked.items())}
        Path(config.getoption("--asked-of")).write_text(json.dumps(found, indent=1), encoding="utf-8")
