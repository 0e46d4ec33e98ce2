"""Prefect's part: contain and recover as thin flows around the engine, a task a step. The only room that imports prefect.

It does not decide, send or remember anything: the engine does, and the journal does. Take Prefect away and the same run ends the same.
"""
