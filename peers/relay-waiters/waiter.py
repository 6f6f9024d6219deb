"""One waiting program of protocol 1, well-behaved or not, as a process.

    python3 waiter.py --socket PATH [--state S] [--timeout SECONDS] [--ending NAME] [--evidence FILE]
    python3 waiter.py --tcp HOST:PORT …

Standard error says how far it is, one `{"event": …}` on a line. Standard output has the result, unless it was killed:
`{"code": …}`, `{"raw": …}`, `{"closed": true}` where the relay closed without a line,
`{"timeout": true}`, or `{"error": …}`. Exit code: 0 with a code, 1 with anything else.

`--evidence` names a file that is mapped into memory, and into which the kernel itself writes what it hands over: what
is in it, this program had, however it ended. See endings.py for the endings.
"""

import argparse
import json
import sys
from typing import Any

import endings


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="a waiting program of protocol 1")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--socket", metavar="PATH")
    where.add_argument("--tcp", metavar="HOST:PORT")
    parser.add_argument("--state")
    parser.add_argument("--timeout", type=float, default=60.0)
    parser.add_argument("--ending", choices=sorted(endings.ENDINGS), default="closes")
    parser.add_argument("--evidence", metavar="FILE", help="what was received, kept through a SIGKILL")
    parser.add_argument("--bytes", type=int, default=10, help="how much dies-mid-read reads")
    return parser.parse_args()


def say(message: dict[str, Any]) -> None:
    print(json.dumps(message), file=sys.stderr, flush=True)


def main() -> int:
    options = arguments()
    try:
        result = endings.run(options, say)
    except TimeoutError:
        result = {"timeout": True}
    except OSError as error:
        result = {"error": str(error)}
    print(json.dumps(result), flush=True)
    return 0 if "code" in result else 1


if __name__ == "__main__":
    sys.exit(main())
