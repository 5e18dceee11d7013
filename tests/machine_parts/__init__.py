"""The parts of `tests/machine` and `tests/machine-boot`: the marketplace's calls, koohook, the proxies."""
