"""`python -m lookalike.testing.drawing --out FOLDER --seed 7` writes the sample shop; with `--labelled`, masks."""

from __future__ import annotations

import argparse
import sys

from lookalike.testing.drawing.labelled import write_labelled
from lookalike.testing.drawing.shop import write_shop


def main() -> None:
    """Read the options and write what they ask for."""
    parser = argparse.ArgumentParser(
        prog="python -m lookalike.testing.drawing", description="Write the sample shop."
    )
    parser.add_argument("--out", required=True, help="the folder to write")
    parser.add_argument("--seed", type=int, default=7, help="which shop (default: 7, the one in the package)")
    parser.add_argument(
        "--labelled",
        type=int,
        metavar="FIGURES",
        help="write so many people, and packshots, with class masks instead",
    )
    options = parser.parse_args()
    if options.labelled:
        write_labelled(options.out, figures=options.labelled, seed=options.seed)
    else:
        write_shop(options.out, seed=options.seed)
    sys.stdout.write(f"wrote to {options.out}\n")


if __name__ == "__main__":
    main()
