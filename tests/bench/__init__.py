"""The benchmarks that `make bench` runs: ratios within one run, because machines differ and are shared."""
