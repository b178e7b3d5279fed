"""Hands: the ports made real with files, processes, git and tmux. They do as told and decide nothing."""
