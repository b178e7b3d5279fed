"""The town itself: nouns, facts, decisions, acts and hands. Nothing here draws or prints."""
