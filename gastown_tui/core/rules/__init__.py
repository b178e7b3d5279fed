"""Decisions: (state, request, now) to facts, or a refusal. Pure."""
