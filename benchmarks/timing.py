"""What the benchmarks share: medians taken in turns, tables, and which machine it was."""

import os
import platform
import statistics
import time
from pathlib import Path

import keras
import tensorflow as tf

from keras_ssl.cpu import usable_cores

median = statistics.median


def seconds(call):
    """Seconds that `call()` takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def median_seconds_in_turns(calls, rounds=10):
    """Median seconds of each of several calls, made in turns, so that a noisy machine disturbs all alike.

    Args:
        calls: Dictionary of functions without arguments. Each is called twice before its time counts.
        rounds: Integer, how often each is timed.

    Returns:
        Dictionary of floats with the same keys.
    """
    for call in calls.values():
        call()
        call()
    times = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(seconds(call))
    return {name: median(taken) for name, taken in times.items()}


def describe_machine():
    """One line: processor, cores, load, versions."""
    cores = usable_cores()
    devices = [device.name for device in tf.config.list_physical_devices("GPU")]
    load = f"load {os.getloadavg()[0]:.1f}, " if hasattr(os, "getloadavg") else ""
    return (
        f"{_processor()}, {cores} cores, {load}{len(devices) or 'no'} GPU; Python {platform.python_version()}, "
        f"TensorFlow {tf.__version__}, Keras {keras.__version__}"
    )


def _processor():
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def print_table(rows):
    """Print a list of dictionaries with the same keys as a table that reads well in a terminal and in Markdown."""
    table = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in table]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    print("", *lines, "", sep="\n")
