"""What git's configuration files say about the person, read without running git."""

from __future__ import annotations


def user_setting(config: str, key: str) -> str:
    """A key of the `[user]` section; the last one counts, as with git; empty when there is none."""
    section = found = ""
    for line in config.splitlines():
        line = line.strip()
        name, equals, value = line.partition("=")
        if line.startswith("["):
            section = line.lower()
        elif section == "[user]" and equals and name.strip().lower() == key:
            found = value.strip().strip('"')
    return found
