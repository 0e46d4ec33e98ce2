"""Slack as a way in: commands, forms and buttons become rows; runs become messages. Slack itself decides nothing."""
