"""The headless front: the same verbs for scripts, agents and terminals without a screen."""
