# SPDX-License-Identifier: MIT
"""A call from Python: IRISX_PASSWORD=… place_call.py WS_URL USER NUMBER [REALM]; events are pulled in a thread of its own."""
import os
import sys
import threading

import irisx

url, user, number, *realm = sys.argv[1:]
client = irisx.open_client()


def pull():
    while True:
        try:
            print(irisx.event_describe(irisx.client_next_event(client, 0xFFFFFFFF)))
        except irisx.Error:  # closed: none will follow
            return


events = threading.Thread(target=pull, daemon=True)
events.start()
line, ready = irisx.open_line(client, url, user, os.environ["IRISX_PASSWORD"], realm[0] if realm else None)
irisx.op_wait(ready, 10000)
call, talking = irisx.dial(line, number)
irisx.op_wait(talking, 30000)
print(f"talking to {irisx.call_peer(call)}")
irisx.op_wait(irisx.call_hangup(call), 5000)
irisx.client_close(client, 0)
events.join()
