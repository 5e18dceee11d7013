"""The parts of `tests/machine`: the marketplace's calls, two processes of koohook, and the proxies."""
