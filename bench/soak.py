#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""soak.py - what assayd held during a soak: a summary in words, and the curves.

usage: soak.py SAMPLES EVENTS SVG
SAMPLES is what the program soak printed. EVENTS has a line "SECONDS WORDS" for each reload and fault; they become marks in the curves.
"""

import collections
import sys
from xml.sax.saxutils import escape

# heading in SAMPLES, words, factor
CURVES = [
    ("resident-kB", "resident memory, MB", 1 / 1024),
    ("fds", "open descriptors", 1),
    ("threads", "threads", 1),
    ("cpu-us/msg", "CPU of a message, us", 1),
]
COLOURS = {"reload": "#c8d6c8", "broken": "#e0c080", "silent": "#d08080", "gone": "#b070b0", "refuses": "#7080d0"}
WIDTH, HEIGHT, LEFT, RIGHT, GAP = 800, 110, 60, 20, 40


def read_samples(path):
    with open(path, encoding="ascii") as f:
        headings = f.readline().split()
        return [dict(zip(headings, map(float, line.split()))) for line in f]


def read_events(path, begin, end):
    with open(path, encoding="ascii") as f:
        events = [line.split(None, 1) for line in f]
    return [(float(seconds), words.strip()) for seconds, words in events if begin <= float(seconds) <= end]


def mean(values):
    return sum(values) / len(values)


def summary(samples, events):
    last = samples[-1]
    used = samples[1:]
    quarter = max(1, len(used) // 4)
    kinds = collections.Counter(words for _, words in events)
    seconds = last["seconds"] - samples[0]["seconds"]
    lines = [
        "%d messages in %.0f s: %d accepted, %d rejected, %d deferred, %d lost" % (
            last["messages"], seconds, last["accepted"], last["rejected"], last["deferred"], last["lost"]),
        "in between: " + ", ".join("%d x %s" % (n, words) for words, n in kinds.most_common()),
        "%-22s %12s %12s %12s" % ("mean of", "2nd quarter", "last quarter", "most"),
    ]
    for key, words, factor in CURVES:
        values = [sample[key] * factor for sample in used]
        lines.append("%-22s %12.1f %12.1f %12.1f" % (words, mean(values[quarter:2 * quarter]), mean(values[-quarter:]), max(values)))
    return "\n".join(lines)


def curve(samples, events, key, words, factor, top):
    """One panel: a line over the time, from zero; the events stand behind it."""
    begin, end = samples[0]["seconds"], samples[-1]["seconds"]
    used = samples[1:]
    most = max(sample[key] * factor for sample in used) * 1.1 or 1
    across = (WIDTH - LEFT - RIGHT) / (end - begin)

    def x(seconds):
        return LEFT + (seconds - begin) * across

    parts = ['<text x="%d" y="%d" font-weight="bold">%s</text>' % (LEFT, top - 6, escape(words))]
    for seconds, event in events:
        parts.append('<path d="M%.1f %dv%d" stroke="%s"/>' % (x(seconds), top, HEIGHT, COLOURS[event.split()[0]]))
    for share in (0, 0.5, 1):
        parts.append('<text x="%d" y="%.0f" text-anchor="end">%.0f</text>' % (LEFT - 6, top + HEIGHT * (1 - share) + 4, most * share))
    points = " ".join("%.1f,%.1f" % (x(s["seconds"]), top + HEIGHT * (1 - s[key] * factor / most)) for s in used)
    parts.append('<path d="M%d %dv%dH%d" fill="none" stroke="#333"/>' % (LEFT, top, HEIGHT, WIDTH - RIGHT))
    parts.append('<polyline points="%s" fill="none" stroke="#b8860b" stroke-width="1.5"/>' % points)
    return parts


def drawing(samples, events):
    parts = []
    top = GAP
    for key, words, factor in CURVES:
        parts += curve(samples, events, key, words, factor, top)
        top += HEIGHT + GAP
    parts.append('<text x="%d" y="%d">%d messages in %.0f s; lines: </text>' % (
        LEFT, top, samples[-1]["messages"], samples[-1]["seconds"] - samples[0]["seconds"]))
    for i, (word, colour) in enumerate(COLOURS.items()):
        parts.append('<text x="%d" y="%d" fill="%s">%s</text>' % (LEFT + 260 + 80 * i, top, colour, word))
    return ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">\n'
            '<rect width="100%%" height="100%%" fill="white"/>\n%s\n</svg>\n' % (WIDTH, top + 20, "\n".join(parts)))


def main():
    samples_path, events_path, svg_path = sys.argv[1:]
    samples = read_samples(samples_path)
    events = read_events(events_path, samples[0]["seconds"], samples[-1]["seconds"])
    with open(svg_path, "w", encoding="utf-8") as f:
        f.write(drawing(samples, events))
    print(summary(samples, events))


if __name__ == "__main__":
    main()
