#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""scale.py - what scale.sh measured, as text, JSON and curves.

usage: scale.py RESULTS FOLDER
RESULTS has one JSON object in each line: {"kind": ..., "number": ..., "run": what load or idle printed}.
"""

import json
import math
import os
import sys
from xml.sax.saxutils import escape

from report import machine

MB = 1024
STAGES = [("before", "before"), ("greeted", "greeted"), ("used", "after a message each"), ("after", "all closed"), ("later", "12 s later")]


def of_kind(results, kind):
    return [(r["number"], r["run"]) for r in results if r["kind"] == kind]


def connections(rows, title):
    if not rows:
        return []
    lines = ["", title, "%7s %9s %9s %9s %9s %9s %9s %9s %8s %6s %8s" % (
        "conn.", "msg/s", "eom p50", "eom p99", "all p50", "all p99", "CPU us", "peak MB", "threads", "fds", "not ok")]
    for number, run in rows:
        lines.append("%7d %9.0f %9.2f %9.2f %9.2f %9.2f %9.0f %9.1f %8d %6d %8d" % (
            number, run["rate"], run["eom_us"]["p50"] / 1e3, run["eom_us"]["p99"] / 1e3, run["transaction_us"]["p50"] / 1e3,
            run["transaction_us"]["p99"] / 1e3, run["cpu_us"], run["peak_kb"] / MB, run["threads"], run["descriptors"],
            run["messages"] - run["accepted"]))
    return lines


def idle(rows):
    lines = []
    for number, run in rows:
        lines += ["", "%d idle connections" % number, "%-22s %10s %14s %8s %8s" % ("", "memory MB", "KB each", "threads", "fds")]
        for key, words in STAGES:
            stage = run[key]
            each = (stage["memory_kb"] - run["before"]["memory_kb"]) / number
            lines.append("%-22s %10.1f %14.2f %8d %8d" % (words, stage["memory_kb"] / MB, each, stage["threads"], stage["descriptors"]))
    return lines


def sizes(rows, title, unit, per, factor):
    if not rows:
        return []
    lines = ["", title, "%10s %12s %14s %14s %12s" % (unit, "CPU ms", per, "memory MB", "not ok")]
    for number, run in rows:
        lines.append("%10d %12.2f %14.2f %14.1f %12d" % (number, run["cpu_us"] / 1e3, run["cpu_us"] * 1e3 / (number * factor),
                                                       (run["peak_kb"] - run["before_kb"]) / MB, run["messages"] - run["accepted"]))
    return lines


def text(results):
    lines = [machine()]
    lines += connections(of_kind(results, "connections"), "connections, everything in the cache; times in ms")
    lines += connections(of_kind(results, "waiting"), "connections that wait for DNS, 500 ms for each answer, no domain seen before; times in ms")
    lines += idle(of_kind(results, "idle"))
    lines += sizes(of_kind(results, "bytes"), "bodies, signed, one connection", "MB", "ns per byte", 1 << 20)
    lines += sizes(of_kind(results, "fields"), "header fields of 60 bytes, one connection", "fields", "ns per field", 1)
    return "\n".join(lines) + "\n"


WIDTH, HEIGHT, LEFT, RIGHT, GAP = 800, 130, 70, 20, 46


def curve(title, points, top):
    """One panel: a line through the points, x by its logarithm, y from zero."""
    most = max(y for _, y in points) * 1.1 or 1
    low, high = math.log(points[0][0]), math.log(points[-1][0])
    across = (WIDTH - LEFT - RIGHT) / (high - low or 1)

    def place(x, y):
        return LEFT + (math.log(x) - low) * across, top + HEIGHT * (1 - y / most)

    parts = ['<text x="%d" y="%d" font-weight="bold">%s</text>' % (LEFT, top - 8, escape(title))]
    for share in (0, 0.5, 1):
        figure = "%.0f" % (most * share) if most >= 10 else "%.2f" % (most * share)
        parts.append('<text x="%d" y="%.0f" text-anchor="end">%s</text>' % (LEFT - 6, top + HEIGHT * (1 - share) + 4, figure))
    for x, y in points:
        at, height = place(x, y)
        parts.append('<circle cx="%.1f" cy="%.1f" r="3" fill="#b8860b"/>' % (at, height))
        parts.append('<text x="%.1f" y="%d" text-anchor="middle">%d</text>' % (at, top + HEIGHT + 15, x))
    parts.append('<path d="M%d %dv%dH%d" fill="none" stroke="#333"/>' % (LEFT, top, HEIGHT, WIDTH - RIGHT))
    parts.append('<polyline points="%s" fill="none" stroke="#b8860b" stroke-width="1.5"/>' % " ".join("%.1f,%.1f" % place(x, y) for x, y in points))
    return parts


def drawing(results):
    panels = [
        ("messages per second over connections", [(n, run["rate"]) for n, run in of_kind(results, "connections")]),
        ("CPU of a message, us, over connections", [(n, run["cpu_us"]) for n, run in of_kind(results, "connections")]),
        ("peak memory, MB, over connections", [(n, run["peak_kb"] / MB) for n, run in of_kind(results, "connections")]),
        ("ns per byte over MB of body", [(n, run["cpu_us"] * 1e3 / (n << 20)) for n, run in of_kind(results, "bytes")]),
        ("ns per field over fields", [(n, run["cpu_us"] * 1e3 / n) for n, run in of_kind(results, "fields")]),
    ]
    parts, top = [], GAP
    for title, points in panels:
        if points:
            parts += curve(title, points, top)
            top += HEIGHT + GAP
    return ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">\n'
            '<rect width="100%%" height="100%%" fill="white"/>\n%s\n</svg>\n' % (WIDTH, top, "\n".join(parts)))


def write(folder, name, content):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        f.write(content)


def main():
    results_path, folder = sys.argv[1:]
    with open(results_path, encoding="utf-8") as f:
        results = [json.loads(line) for line in f]
    report = text(results)
    write(folder, "scale.txt", report)
    write(folder, "scale.json", json.dumps({"machine": machine(), "runs": results}, indent=1) + "\n")
    write(folder, "scale.svg", drawing(results))
    sys.stdout.write(report)


if __name__ == "__main__":
    main()
