#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Python's requests (on urllib3) beside the library in the REST benchmark; jobs and answers as rest_job.h says.
usage: rest_requests.py BASE_URL"""
import concurrent.futures
import json
import sys
import time

import requests

KEY = "irisx_live_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
MESSAGE = {"from": "+12025550101", "to": "+12025550199", "message": "hello from the benchmark"}
session = requests.Session()
session.trust_env = False
session.headers.update({"Accept": "application/json", "X-API-Key": KEY})
session.mount("http://", requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=64))


def one(base, post):
    if post:
        answer = session.post(base + "/v1/sms/send", json=MESSAGE)
    else:
        answer = session.get(base + "/v1/calls/CA0123456789abcdef0123456789abcdef")
    value = answer.json()
    if answer.status_code != 200 or not (value["sms"]["sid"] if post else value["sid"]):
        raise SystemExit("not the answer expected")


def main():
    for line in sys.stdin:
        verb, count, flight = line.split()
        cpu, start = time.process_time(), time.monotonic()
        if flight == "1":
            for _ in range(int(count)):
                one(sys.argv[1], verb == "post")
        else:
            with concurrent.futures.ThreadPoolExecutor(int(flight)) as pool:
                list(pool.map(lambda _: one(sys.argv[1], verb == "post"), range(int(count))))
        print(json.dumps({"requests": int(count), "cpu_us": (time.process_time() - cpu) * 1e6,
                          "wall_us": (time.monotonic() - start) * 1e6}), flush=True)


main()
