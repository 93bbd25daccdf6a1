#!/usr/bin/env python3
"""Solves association problems with EHM2 of pyehm 2.2 and times it.

usage: ehm2.py PROBLEMS ANSWERS [SECONDS]

PROBLEMS  text: `case NAME TRACKS MEASUREMENTS`, then a line for each track: its null weight and `j:w` for each
          measurement j, from zero, that it gates
ANSWERS   the same with probabilities for weights, and `NAME TRACKS MEASUREMENTS SECONDS` after the word `case`; SECONDS
          is the shortest of many calls in CPU time, or `timeout` or `failed` with no lines after it
SECONDS   a case that takes longer than this is given up; 40 by default

Each case has a process of its own, since a call cannot be interrupted. Needs numpy and pyehm.
"""

import multiprocessing
import sys
import time

import numpy as np

# How long and how often a case is repeated.
REPEAT_SECONDS, REPEATS = 1.0, 200


def read(path):
    """Names, sizes, and for each track its null weight with indices and weights."""
    case = None
    with open(path, encoding="ascii") as file:
        for line in file:
            words = line.split()
            if words[0] == "case":
                if case:
                    yield case
                case = (words[1], int(words[3]), [])
            else:
                pairs = [word.split(":") for word in words[1:]]
                case[2].append((float(words[0]), [int(j) for j, _ in pairs], [float(w) for _, w in pairs]))
    if case:
        yield case


def dense(columns, rows):
    """The two matrices that pyehm takes: which pairs are valid, and the weights; the null hypothesis comes first."""
    valid, weights = np.zeros((len(rows), columns + 1), np.int32), np.zeros((len(rows), columns + 1))
    for i, (null, measurements, row) in enumerate(rows):
        gated = np.array(measurements, int) + 1
        valid[i, 0], weights[i, 0] = 1, null
        valid[i, gated], weights[i, gated] = 1, row
    return valid, weights


def solve(pipe, columns, rows):
    from pyehm.core import EHM2

    (valid, weights), solver = dense(columns, rows), EHM2()
    begin, times = time.perf_counter(), []
    while not times or (len(times) < REPEATS and time.perf_counter() - begin < REPEAT_SECONDS):
        started = time.process_time()
        answer = solver.run(valid, weights)
        times.append(time.process_time() - started)
    pipe.send((min(times), [answer[i, [0, *(j + 1 for j in row[1])]].tolist() for i, row in enumerate(rows)]))


def answer(columns, rows, limit):
    """Seconds and rows of probabilities, or why there are none."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    worker = multiprocessing.Process(target=solve, args=(theirs, columns, rows), daemon=True)
    worker.start()
    theirs.close()
    try:
        return ours.recv() if ours.poll(limit) else ("timeout", [])
    except EOFError:
        return "failed", []
    finally:
        worker.kill()
        worker.join()


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    limit = float(sys.argv[3]) if len(sys.argv) > 3 else 40.0
    with open(sys.argv[2], "w", encoding="ascii") as out:
        for name, columns, rows in read(sys.argv[1]):
            seconds, answers = answer(columns, rows, limit)
            print(f"case {name} {len(rows)} {columns} {seconds}", file=out)
            for row, (null, *beta) in zip(rows, answers):
                print(repr(null), *(f"{j}:{p!r}" for j, p in zip(row[1], beta)), file=out)
            print(name, seconds, flush=True)


if __name__ == "__main__":
    main()
