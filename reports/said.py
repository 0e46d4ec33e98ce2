"""What people said of a run, a line each: counted, turned away, told."""

from __future__ import annotations

from journal.event import Event
from reports.text import safe, short

ANSWER = {"yes": "says yes", "no": "says no", "review": "reviews it"}


def said(event: Event) -> str:
    """One event about people as a line; "" for one that adds nothing to the line beside it."""
    body = event.body
    by, wall = safe(body.get("by") or "somebody", 120), safe(body.get("wall", ""), 40)
    reason = f": {safe(body['reason'], 200)}" if body.get("reason") else ""
    match event.type:
        case "decided" if body.get("answer") == "no":
            return ""  # the objection beside it says so
        case "decided":
            how = "by breaking the glass" if body.get("role") == "glass" else f"as {safe(body.get('role'), 40)}"
            code = ", with a sealed code" if body.get("code") else ""
            signed = ", signed" if body.get("signature") or body.get("evidence") else ""
            return f"{by} says yes {how}{code} ({safe(body.get('how'), 80)}{signed}) at {wall}{reason}"
        case "objected":
            return f"OBJECTED by {by} at {wall}, scope {short(body.get('scope_hash', ''), 8)}{reason}"
        case "turned_away":
            what = ANSWER.get(str(body.get("answer")), "says something")
            return (
                f"TURNED AWAY ({safe(body.get('code'), 40)}): {by} {what} at {wall}: {safe(body.get('why', ''), 300)}"
            )
        case "reviewed":
            return f"reviewed by {by} at {wall}{reason}"
        case "attested" | "retried":
            about = safe(body.get("effect") or body.get("step", ""), 120)
            verb = "is done" if event.type == "attested" else "is to be sent again"
            return f"{by} says that {about} {verb} ({safe(body.get('how'), 40)}){reason}"
        case "ticked":
            about = ", ".join(safe(one, 120) for one in body.get("effects", ())[:5])
            return f"TICKED by {by} ({safe(body.get('how'), 40)}): {about} to be given back although tainted{reason}"
        case "told":
            failed = f", NOT told: {safe(body['why'], 200)}" if body.get("why") else ""
            return f"told {safe(body.get('whom') or 'people', 120)} of {safe(body.get('of'), 40)} by {safe(body.get('how'), 40)}{failed}"
        case "linked":
            until = f", good for {safe(body['until'], 20)}" if body.get("until") else ""
            return f"a link for the phone of {safe(body.get('whom') or 'somebody', 120)} was {safe(body.get('did'), 20)}{until}"
    return ""
