"""How long things are left alone, in seconds."""

DEFAULT_WITHIN_S = 60.0
BY_HAND_WITHIN_S = 900.0
"""What a person does takes longer than what a provider does."""
MESSAGE_WITHIN_S = 20.0
PACE_S = 1.0
SLOW_S = 8.0
SLOWEST_S = 15.0
AGAIN_S = 0.5
"""How often a step that was left out is asked about again."""
