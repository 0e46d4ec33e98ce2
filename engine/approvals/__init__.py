"""Who may open a wall, and how many of them: pure rules over what the journal says. No clock, no file, no network.

needs = needed(Cost(people=41, hours=4), config.approvals, role="approver", people=1)   # asked with the wall
question = question_of(run, "wall", incident_targets)             # as the journal has it; None: nothing is asked
heard = judge(question, decisions_of(run, "wall"), say, now)      # does this say count, and if not, why
stands = standing(question, decisions_of(run, "wall"), people, now)   # open, waiting for whom, objected
"""

from engine.approvals.cost import Cost, Needed, needed, needed_beyond_guardrail, rank
from engine.approvals.question import Answer, Decision, Question, decisions_of, question_of, targets_of
from engine.approvals.rules import GLASS_REASON, Code, Heard, Say, judge
from engine.approvals.standing import Standing, is_open, standing

__all__ = [
    "GLASS_REASON", "Answer", "Code", "Cost", "Decision", "Heard", "Needed", "Question", "Say", "Standing",
    "decisions_of", "is_open", "judge", "needed", "needed_beyond_guardrail", "question_of", "rank", "standing",
    "targets_of",
]  # fmt: skip
