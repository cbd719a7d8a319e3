#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""report.py - medians and ratios of what run.sh measured, as text, JSON and a plot.

usage: report.py RESULTS FLOOR FOLDER
RESULTS has one JSON object in each line, FLOOR one in all. The text goes to standard output as well.
"""

import json
import os
import platform
import statistics
import sys
from xml.sax.saxutils import escape

REFERENCE = "assay"

# key, words, unit, how it is found in one measurement
FIGURES = [
    ("cpu", "CPU", "us per message", lambda r: r["load"]["cpu_us"]),
    ("rate", "rate", "messages per second", lambda r: r["load"]["rate"]),
    ("eom50", "eom, median", "us", lambda r: r["load"]["eom_us"]["p50"]),
    ("eom99", "eom, 99 %", "us", lambda r: r["load"]["eom_us"]["p99"]),
    ("all50", "transaction, median", "us", lambda r: r["load"]["transaction_us"]["p50"]),
    ("all99", "transaction, 99 %", "us", lambda r: r["load"]["transaction_us"]["p99"]),
    ("memory", "memory after the run", "MB", lambda r: r["load"]["memory_kb"] / 1024),
    ("peak", "peak memory, shared pages in each process", "MB", lambda r: r["load"]["peak_kb"] / 1024),
    ("questions", "DNS questions", "per message", lambda r: r["questions"] and r["questions"] / r["load"]["messages"]),
]
WORK = ("accepted", "spf=pass", "dkim=pass", "dmarc=pass")

# figures that are drawn: case, figure
PLOTS = [("hot-8", "cpu"), ("hot-8", "rate"), ("hot-1", "eom50"), ("cold-1", "all50"), ("hot-64", "memory")]


def unique(items):
    return list(dict.fromkeys(items))


def summary(results):
    """case -> peer -> figure -> {"median", "lowest", "highest", "ratio"}; the ratio is to the reference in the same case."""
    table = {}
    for case in unique(r["case"] for r in results):
        table[case] = {}
        for peer in unique(r["peer"] for r in results):
            runs = [r for r in results if (r["case"], r["peer"]) == (case, peer)]
            figures = {key: [find(r) for r in runs if find(r) is not None] for key, _, _, find in FIGURES}
            table[case][peer] = {key: {"median": statistics.median(v), "lowest": min(v), "highest": max(v)}
                                 for key, v in figures.items() if v}
        reference = table[case].get(REFERENCE, {})
        for figures in table[case].values():
            for key, figure in figures.items():
                base = reference.get(key, {}).get("median")
                figure["ratio"] = figure["median"] / base if base else None
    return table


def work(results):
    """(case, peer) -> share of messages for which the milter said so, over all runs."""
    shares = {}
    for case, peer in unique((r["case"], r["peer"]) for r in results):
        runs = [r["load"] for r in results if (r["case"], r["peer"]) == (case, peer)]
        sent = sum(run["messages"] for run in runs)
        shares[case, peer] = {word: sum(run[word] for run in runs) / sent for word in WORK}
    return shares


def number(value):
    return "%.0f" % value if value >= 100 else "%.1f" % value


def machine():
    model = platform.machine()
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
    return "%s, %d CPUs, Linux %s, load average %.1f at the end" % (model, os.cpu_count(), platform.release(), os.getloadavg()[0])


def text(table, shares, floor, rounds):
    lines = [machine(), "median of %d rounds (lowest - highest), and the ratio to %s" % (rounds, REFERENCE)]
    for case, peers in table.items():
        lines += ["", case]
        for key, words, unit, _ in FIGURES:
            rows = [(peer, figures[key]) for peer, figures in peers.items() if key in figures]
            lines += ["  %s, %s" % (words, unit)] if rows else []
            for peer, figure in rows:
                span = "(%s - %s)" % (number(figure["lowest"]), number(figure["highest"]))
                ratio = "%.2f" % figure["ratio"] if figure["ratio"] else "-"
                lines.append("    %-13s %9s  %-20s %8s" % (peer, number(figure["median"]), span, ratio))
        lines.append("  share of messages: " + ", ".join(WORK))
        lines += ["    %-13s %s" % (peer, "  ".join("%.3f" % shares[case, peer][word] for word in WORK)) for peer in peers]
    lines += ["", "libcrypto alone, us: RSA-2048 verification %(verify_us).1f, SHA-256 of 20 KB %(sha256_us).1f, two and one %(sum_us).1f" % floor]
    return "\n".join(lines) + "\n"


class Drawing:
    """Horizontal bars, one group under the other."""

    WIDTH, BAR, LEFT, RIGHT = 760, 18, 110, 90

    def __init__(self):
        self.y = 10
        self.parts = []

    def words(self, x, text_, anchor="start", weight="normal"):
        self.parts.append('<text x="%.0f" y="%d" text-anchor="%s" font-weight="%s">%s</text>' % (x, self.y + 13, anchor, weight, escape(text_)))

    def group(self, title, bars):
        self.words(10, title, weight="bold")
        self.y += 24
        most = max(value for _, value, _, _ in bars)
        scale = (self.WIDTH - self.LEFT - self.RIGHT) / most
        for name, value, lowest, highest in bars:
            shade = "#b8860b" if name == REFERENCE else "#9aa5b1"
            self.words(self.LEFT - 8, name, "end")
            self.parts.append('<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>' % (self.LEFT, self.y, value * scale, self.BAR - 4, shade))
            middle = self.y + self.BAR / 2 - 2
            self.parts.append('<path d="M%.1f %.1fH%.1f" stroke="#333"/>' % (
                self.LEFT + lowest * scale, middle, self.LEFT + min(highest, most) * scale))
            self.words(self.LEFT + value * scale + 6, number(value))
            self.y += self.BAR
        self.y += 14

    def text(self):
        head = ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="13">\n'
                '<rect width="100%%" height="100%%" fill="white"/>\n' % (self.WIDTH, self.y))
        return head + "\n".join(self.parts) + "\n</svg>\n"


def plot(table):
    drawing = Drawing()
    for case, key in PLOTS:
        words, unit = next((words, unit) for name, words, unit, _ in FIGURES if name == key)
        bars = [(peer, f[key]["median"], f[key]["lowest"], f[key]["highest"]) for peer, f in table.get(case, {}).items() if key in f]
        if bars:
            drawing.group("%s: %s, %s" % (case, words, unit), bars)
    return drawing.text()


def write(folder, name, content):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        f.write(content)


def main():
    results_path, floor_path, folder = sys.argv[1:]
    with open(results_path, encoding="utf-8") as f:
        results = [json.loads(line) for line in f]
    with open(floor_path, encoding="utf-8") as f:
        floor = json.load(f)
    table, shares = summary(results), work(results)
    first = (results[0]["case"], results[0]["peer"])
    report = text(table, shares, floor, sum((r["case"], r["peer"]) == first for r in results))
    write(folder, "results.txt", report)
    write(folder, "results.json", json.dumps({"machine": machine(), "floor": floor, "summary": table, "runs": results}, indent=1) + "\n")
    write(folder, "results.svg", plot(table))
    sys.stdout.write(report)


if __name__ == "__main__":
    main()
