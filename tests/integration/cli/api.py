#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`irisx api`, its shortcuts and completion: against the local platform, and against a server that records.
usage: api.py IRISX SANDBOX    (TAP on stdout)"""
import csv
import io
import json
import os
import re
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))
from harness import AUTH, FAILED, NETWORK, NOT_FOUND, OK, USAGE, Programs, Suite, arguments, check  # noqa: E402
from httpserver import HttpServer, response  # noqa: E402

suite = Suite()
KEY = "irisx_live_5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"
# {"iat":1795166288,"exp":4102444800}
TOKEN = "eyJh.eyJpYXQiOjE3OTUxNjYyODgsImV4cCI6NDEwMjQ0NDgwMH0.aaa"
SMS = ["sms.send", "from=+12025550101", "to=+12025550199"]


def api(t, url, *words, command="api", key=KEY, **more):
    t.secrets += [key] if key else []
    return t.irisx(command, *words, env={"IRISX_API_URL": url, **({"IRISX_API_KEY": key} if key else {})}, **more)


def recorded(answer=lambda *_: response(200, {"ok": True})):
    return HttpServer(answer)


def body_of(t, *words, **more):
    """The body that goes out for these words"""
    with recorded() as server:
        api(t, server.url, *words, **more).expect(OK)
        return json.loads(server.seen[-1].body)


# ---- what there is --------------------------------------------------------------------------------------------------
@suite.case("--list --json is one array of all operations")
def _(t):
    rows = t.irisx("api", "--list", "--json").expect(OK).json()
    check(len(rows) == 1615, len(rows))
    check(len(rows) + sum(len(r["aliases"]) for r in rows) == 1657, "with their aliases")
    for name in ("id", "method", "path", "family", "group", "availability", "aliases"):
        check(all(name in r for r in rows), name)
    check(sum(r["availability"] == "mounted" for r in rows) > 1300, "mounted ones")


@suite.case("--list takes several words, group, family, method and availability")
def _(t):
    def ids(*words):
        return [r["id"] for r in t.irisx("api", "--list", *words, "--json").expect(OK).json()]

    check(set(ids("sms", "template")) < set(ids("template")) and "sms.templates.list" in ids("sms", "template"), "words")
    everything = t.irisx("api", "--list", "--json").expect(OK).json()
    check(set(ids("--group", "sms")) == {r["id"] for r in everything if r["group"] == "sms"}, "group")
    both = ids("--family", "messaging", "--method", "delete")
    check(both and all(r["method"] == "DELETE" and r["family"] == "messaging" for r in
                       t.irisx("api", "--list", "--family", "messaging", "--method", "delete", "--json").expect(OK).json()), both)
    check(len(ids("--availability", "documented")) == 43, "availability")
    t.irisx("api", "sms.list", "--group", "sms").expect(USAGE, "belong to --list")
    t.irisx("api", "--list", "sms", "no-such-word").expect(NOT_FOUND)


@suite.case("--list WORD finds by id, path and words")
def _(t):
    text = t.irisx("api", "--list", "sms.send").expect(OK).out
    check("sms.send " in text and "POST" in text and "/v1/sms/send" in text, text)
    p = t.irisx("api", "--list", "nothing-has-this-word")
    p.expect(NOT_FOUND, "no operation has that word")


@suite.case("--describe tells parameters, result, credential, retries and an example")
def _(t):
    text = t.irisx("api", "--describe", "calls.create").expect(OK).out
    for words in ("POST /v1/calls", "to ", "required", "default false", "result:", "credential:", "API key or user login",
                  "retry:", "status 6", "example:", "irisx api calls.create to=+"):
        check(words in text, "no", repr(words), "in", text)
    for id, example in (("contacts.create", "irisx api contacts.create first_name=TEXT last_name=TEXT"), ("contacts.get", "irisx api contacts.get 42")):
        check(t.irisx("api", "--describe", id, "--json").expect(OK).json()["example"] == example, id)
    value = t.irisx("api", "calls.create", "--help").expect(OK)
    check(value.out == text, "--help behind an operation is the same")
    value = t.irisx("api", "--describe", "sms.list", "--json").expect(OK).json()
    params = {p["name"]: p for p in value["parameters"]}
    check(params["direction"]["enum"] == ["inbound", "outbound"] and params["page"]["default"] == 1, params)
    check('"minimum":1,' in t.irisx("api", "--describe", "sms.list", "--json").expect(OK).out, "limits are whole numbers")
    check(value["example"] == "irisx api sms.list --paginate", value["example"])
    check(value["paging"] == "P3" and value["items"] == "messages" and value["retry"] == "safe", value)


@suite.case("names that are nearly right are named")
def _(t):
    t.irisx("api", "sms.sned").expect(USAGE, "did you mean sms.send")
    t.irisx("api", "sms.send", "form=1").expect(USAGE, "did you mean from")
    t.irisx("api", "sms.send", "--to", "1").expect(USAGE, "parameters are words: to=VALUE")
    t.irisx("calls", "lits").expect(USAGE, "did you mean list")
    p = t.irisx("api", "webhooks")
    p.expect(USAGE, "webhooks.create")
    check(t.irisx("api", "no.such", "--json").expect(USAGE).error()["code"] == "IRISX_E_INVALID", "in JSON too")


# ---- parameters -----------------------------------------------------------------------------------------------------
@suite.case("parameters are typed by the contract")
def _(t):
    body = body_of(t, *SMS, "message=12", "dry_run=true", "mediaUrls[]=https://a.test/1", "mediaUrls[]=https://a.test/2")
    check(body == {"from": "+12025550101", "to": "+12025550199", "message": "12", "dry_run": True,
                   "mediaUrls": ["https://a.test/1", "https://a.test/2"]}, body)
    t.irisx("api", "sms.list", "limit=many").expect(USAGE, "limit wants a whole number, not \"many\"")
    t.irisx("api", "sms.send", "dry_run=perhaps").expect(USAGE, "dry_run wants true or false")


@suite.case("members of objects, lists of objects, open members and plain JSON")
def _(t):
    body = body_of(t, "calls.create", "to=+12025550199", "metadata.campaign=winter", "metadata.try=2", "metadata.deep.er=true")
    check(body["metadata"] == {"campaign": "winter", "try": 2, "deep": {"er": True}}, body)
    body = body_of(t, "contacts.import", "contacts[].phone=+1202", "contacts[].first_name=Ann", "contacts[].phone=+1203")
    check(body["contacts"] == [{"phone": "+1202", "first_name": "Ann"}, {"phone": "+1203"}], body)
    body = body_of(t, *SMS, "message=x", "newer:={\"a\":[1,null]}", "mediaUrls:=[]")
    check(body["newer"] == {"a": [1, None]} and body["mediaUrls"] == [], body)


@suite.case("lists in lists, items by number, names with signs in them, null, empty and numbers as text")
def _(t):
    with recorded() as server:
        def sent(*words):
            api(t, server.url, "POST", "/v9/x", *[w for p in words for w in ("-p", p)]).expect(OK)
            return json.loads(server.seen[-1].body)

        check(sent("a[].b[].c=1", "a[].b[].c=2", "a[].n=x", "a[].n=y") == {"a": [{"b": [{"c": 1}, {"c": 2}], "n": "x"}, {"n": "y"}]}, "lists")
        check(sent("l[0].a=1", "l[1].a=2", "l[0].b=q") == {"l": [{"a": 1, "b": "q"}, {"a": 2}]}, "by number")
        check(sent("k\\.x\\=1\\[=z", "v=a=b", "w=@@x") == {"k.x=1[": "z", "v": "a=b", "w": "@x"}, "signs")
        check(sent("n:=null", "e=", "z:=\"007\"", "f:=[]", "s=007") == {"n": None, "e": "", "z": "007", "f": [], "s": "007"}, "values")
        api(t, server.url, "POST", "/v9/x", "-p", "l[3]=1").expect(USAGE, "in order")
        api(t, server.url, "POST", "/v9/x", "-p", "l[3].a=1").expect(USAGE, "in order")
    body = body_of(t, "calls.create", "to=+12025550199", "from=007")
    check(body["from"] == "007", "a number as the text that the contract wants", body)


@suite.case("--data given again is merged; standard input and files; words beat it")
def _(t):
    t.write("a.json", json.dumps({"from": "+1", "to": "+2", "metadata": {"x": 1, "y": 1}}))
    with recorded() as server:
        p = api(t, server.url, "calls.create", "--data", "@a.json", "--data", "-", "to=+4", stdin=subprocess.PIPE)
        p.child.stdin.write(b'{"metadata": {"y": 2}, "from": "+3"}')
        p.child.stdin.close()
        p.expect(OK)
        check(json.loads(server.seen[-1].body) == {"from": "+3", "to": "+4", "metadata": {"x": 1, "y": 2}}, server.seen[-1].body)
        api(t, server.url, "calls.create", "--data", "[1]").expect(USAGE, "JSON object")


@suite.case("values from files and from standard input")
def _(t):
    t.write("text.txt", "Größe\nzwei\n")
    check(body_of(t, *SMS, "message=@text.txt")["message"] == "Größe\nzwei", "file")
    check(body_of(t, *SMS, "message=@@home")["message"] == "@home", "a plain @")
    t.write("all.json", json.dumps({"from": "+1", "to": "+2", "message": "of the file"}))
    check(body_of(t, "sms.send", "--data", "@all.json", "message=of the word") ==
          {"from": "+1", "to": "+2", "message": "of the word"}, "a word beats the file")
    t.irisx("api", "sms.send", "--data", "@none.json").expect(USAGE, "cannot read none.json")
    t.write("bad.json", "{\"a\":")
    t.irisx("api", "sms.send", "--data", "@bad.json").expect(USAGE, "not valid JSON", "line 1")


@suite.case("words without = fill the path, escaped")
def _(t):
    with recorded() as server:
        api(t, server.url, "calls.get", "CA 1/ü").expect(OK)
        check(server.seen[-1].path == "/v1/calls/CA%201%2F%C3%BC", server.seen[-1].path)
        api(t, server.url, "calls.get", "CA1", "CA2").expect(USAGE, "one word too many")


@suite.case("a secret is not taken from the command line")
def _(t):
    t.irisx("api", "auth.login", "email=a@b.test", "password=open").expect(USAGE, "password=@FILE")
    t.write("pw", "hunter2-secret\n")
    t.secrets.append("hunter2-secret")
    p = api(t, "http://127.0.0.1:9", "auth.login", "email=a@b.test", "password=@pw", "--dry-run", "--json")
    check(p.expect(OK).json()["body"] == {"email": "a@b.test", "password": "***"}, p.out)


@suite.case("--strict checks what the platform would refuse")
def _(t):
    with recorded() as server:
        api(t, server.url, "sms.list", "direction=sideways", "--strict").expect(USAGE, "direction")
        check(not server.seen, "it was sent")
        api(t, server.url, "sms.list", "direction=sideways").expect(OK)
        check(len(server.seen) == 1, "without it, the platform decides")


@suite.case("a method in small letters, parameters behind a path, a path without a method")
def _(t):
    with recorded() as server:
        api(t, server.url, "get", "/v9/x?a=1", "limit=5", "q=a b&c=ü").expect(OK)
        check((server.seen[-1].method, server.seen[-1].path, server.seen[-1].body) ==
              ("GET", "/v9/x?a=1&limit=5&q=a%20b%26c%3D%C3%BC", b""), server.seen[-1].path)
        api(t, server.url, "post", "/v9/x", "from=+1", "n=2", "--data", '{"n": 1, "z": []}').expect(OK)
        check(json.loads(server.seen[-1].body) == {"from": "+1", "n": 2, "z": []}, server.seen[-1].body)
        sent = len(server.seen)
        api(t, server.url, "/v9/x").expect(USAGE, "irisx api GET /v9/x")
        api(t, server.url, "GET", "v9/x").expect(USAGE, "begins with /")
        api(t, server.url, "sms.list", "--csv", "--json").expect(USAGE, "one of --csv and --json")
        check(len(server.seen) == sent, "something was sent")


@suite.case("columns that no row has are told, with what was meant")
def _(t):
    with recorded(lambda *_: response(200, sms_page(1))) as server:
        for more in ((), ("--paginate", "--max-items", "2")):
            api(t, server.url, "sms.list", "--columns", "id,boddy", *more).expect(OK, 'no row has "boddy"; did you mean body')


@suite.case("sms send: a dry run, a text from a file, what is missing, a number that wants no messages; sms get shows one")
def _(t):
    blocked = {"message": "Blocked", "sms": {"blocked": True, "reason": "on the list"}}
    with recorded(lambda *_: response(201, blocked)) as server:
        send = ("send", "--from", "+12025550101", "--to", "+12025550199")
        p = api(t, server.url, *send, "hello", "--dry-run", command="sms").expect(OK, "Idempotency-Key", "curl -X POST")
        check(not server.seen and '"message":"hello"' in p.out, p.out)
        t.write("text.txt", "from a file\n")
        api(t, server.url, *send, "--text", "@text.txt", command="sms").expect(OK, "not sent: on the list")
        check(json.loads(server.seen[-1].body)["message"] == "from a file", server.seen[-1].body)
        api(t, server.url, "send", "--to", "+1", "x", command="sms").expect(USAGE, "--from, one of your numbers")
    with recorded(lambda *_: response(200, {"message": {"id": "7", "body": "hi", "status": "sent"}})) as server:
        check("body    hi" in api(t, server.url, "get", "7", command="sms").expect(OK).out, "members")


@suite.case("help WORD is the help of that command; unknown words are told what was meant")
def _(t):
    check(t.irisx("help", "sms", "send").expect(OK).out == t.irisx("sms", "send", "--help").expect(OK).out, "help sms send")
    t.irisx("help", "lgoin").expect(USAGE, "did you mean login")
    t.irisx("sms.send").expect(USAGE, "irisx api sms.send")
    text = t.irisx("calls", "list", "--help").expect(OK).out
    check(text.index("--status") < text.index("--paginate") and "--capture" not in text, "parameters first, nothing about media", text)
    text = t.irisx("--help").expect(OK).out
    check(all(len(line) <= 100 for line in text.split("\n")) and all(n in text for n in ("IRISX_API_KEY", "130", "irisx sandbox")), text)


# ---- what goes out, what comes back ---------------------------------------------------------------------------------
@suite.case("--dry-run shows the request without secrets and sends nothing")
def _(t):
    with recorded() as server:
        p = api(t, server.url, *SMS, "message=hi", "--dry-run").expect(OK, "POST " + server.url + "/v1/sms/send", r"X-API-Key: \*\*\*")
        check('{"from":"+12025550101","to":"+12025550199","message":"hi"}' in p.out, p.out)
        check(re.search(r"^Idempotency-Key: [0-9a-f-]{36}$", p.out, re.M) and re.search(r"^User-Agent: libirisx-client/", p.out, re.M), p.out)
        value = api(t, server.url, "sms.list", "limit=2", "--dry-run", "--json").expect(OK).json()
        check("Idempotency-Key" not in value["headers"] and value["headers"]["X-API-Key"] == "***", value)
        check(value["method"] == "GET" and value["url"] == server.url + "/v1/sms?limit=2", value)
        check(not server.seen, "it was sent")


def same_request(t, server, words, **more):
    """What goes out for these words, from the command and from the line for curl"""
    line = api(t, server.url, *words, "--idempotency-key", "key-1", "--dry-run", "--json").expect(OK).json()["curl"]
    api(t, server.url, *words, "--idempotency-key", "key-1", **more).expect(OK)
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60, cwd=t.folder, env=dict(os.environ, IRISX_API_KEY=KEY))
    check(done.returncode == 0, done.stderr, line)
    check(KEY not in line, "the key is in the line")
    return server.seen[-2], server.seen[-1]


@suite.case("the line for curl sends the same")
def _(t):
    t.write("voice.wav", b"RIFF\0\0\x01")
    with recorded() as server:
        for words in ([*SMS, "message=it's \"q\" $HOME `x` \\ ü"], ["sms.list", "limit=2", "direction=inbound"], ["calls.hangup", "CA1"],
                      ["PUT", "/v9/x?a=1&b=%20", "--data", json.dumps({"a": "\x1b[31m\x7f \u202e"})], ["DELETE", "/v9/x"]):
            ours, theirs = same_request(t, server, words)
            names = ["accept", "content-type", "x-api-key", "idempotency-key", "authorization"]
            check((ours.method, ours.path) == (theirs.method, theirs.path), ours.path, theirs.path)
            check({n: ours.headers.get(n) for n in names} == {n: theirs.headers.get(n) for n in names}, ours.headers, theirs.headers)
            check(json.loads(ours.body or b"null") == json.loads(theirs.body or b"null"), ours.body, theirs.body)


@suite.case("a dry run shows no credential where none would go out")
def _(t):
    p = api(t, "http://127.0.0.1:9", "auth.me", "--dry-run", key=None).expect(OK, "no credential would go with it")
    check("Authorization" not in p.out, p.out)


@suite.case("method and path do for what is newer")
def _(t):
    with recorded(lambda *_: response(200, {"things": [1]})) as server:
        check(api(t, server.url, "GET", "/v9/things?limit=2", "--json").expect(OK).json() == {"things": [1]}, "answer")
        api(t, server.url, "PUT", "/v9/things/1", "--data", '{"a":1}', "-p", "b=true").expect(OK)
        seen = server.seen[-1]
        check((seen.method, seen.path, json.loads(seen.body)) == ("PUT", "/v9/things/1", {"a": 1, "b": True}), seen.body)


def sms_page(number, size=3, pages=4):
    rows = [{"id": str(number * 10 + i), "message_sid": "SM%d-%d" % (number, i), "status": "sent", "from_number": "+1",
             "to_number": "+2", "body": 'say "hi", ü\n' if i == 0 else "x", "extra": {"k": i}} for i in range(size)]
    return {"messages": rows, "pagination": {"page": number, "limit": size, "total": size * pages, "pages": pages}}


def paging(_socket, request):
    query = dict(p.split("=") for p in request.path.partition("?")[2].split("&") if p)
    return response(200, sms_page(int(query.get("page", 1))))


@suite.case("--paginate: all pages, as JSON lines, table and CSV")
def _(t):
    with recorded(paging) as server:
        lines = [json.loads(line) for line in api(t, server.url, "sms.list", "--paginate", "--json").expect(OK).out.splitlines()]
        check([r["id"] for r in lines] == [str(p * 10 + i) for p in range(1, 5) for i in range(3)], lines)
        text = api(t, server.url, "sms.list", "--paginate", "--csv", "--columns", "id,body,extra.k").expect(OK, "12 items").out
        rows = list(csv.reader(io.StringIO(text, newline="")))
        check(rows[0] == ["id", "body", "extra.k"] and rows[1] == ["10", 'say "hi", ü\n', "0"] and len(rows) == 13, rows)
        table = api(t, server.url, "list", "--paginate", "--max-items", "4", command="sms").expect(OK, "4 items").out.splitlines()
        check(table[0].startswith("MESSAGE_SID") and len(table) == 5, table)
        check(len({line.index("+1") for line in table[1:]}) == 1, "aligned", table)
        check("\n" not in table[1] and 'say "hi", ü' in table[1], table[1])


@suite.case("--paginate begins to print before the last page is there")
def _(t):
    gate = threading.Event()

    def slow(s, request):
        if "page=2" in request.path:
            gate.wait(30)
        return paging(s, request)

    with recorded(slow) as server:
        p = api(t, server.url, "sms.list", "--paginate", "--json")
        p.line('"id":"10"', "out")
        gate.set()
        p.expect(OK)


@suite.case("one object is a list of its members")
def _(t):
    with recorded(lambda *_: response(200, {"message": {"id": "7", "body": "a\x1b[31mb", "nested": {"x": [1, 2]}, "none": None}})) as server:
        text = api(t, server.url, "sms.get", "7").expect(OK).out
        check("id        7" in text and "nested.x  [1,2]" in text and "none      -" in text, text)
        check("\x1b" not in text, "a control character of the platform reached the terminal")


@suite.case("bytes go to --output whole, or not at all")
def _(t):
    data = bytes(range(256)) * 500
    with recorded(lambda *_: response(200, data, "application/octet-stream")) as server:
        api(t, server.url, "GET", "/v1/file", "--output", "got.bin").expect(OK, "saved got.bin")
        with open(t.path("got.bin"), "rb") as f:
            check(f.read() == data, "other bytes")
        out = subprocess.run([Programs.irisx, "api", "GET", "/v1/file"], capture_output=True, cwd=t.folder, timeout=60,
                             env=dict(os.environ, IRISX_API_URL=server.url, IRISX_API_KEY=KEY, IRISX_CONFIG=t.path("c.json")))
        check(out.returncode == OK and out.stdout == data, "to a pipe as they are")
    with recorded(lambda *_: response(200, data, "application/octet-stream", length=len(data) * 2)) as server:
        p = api(t, server.url, "GET", "/v1/file", "--output", "cut.bin", "--max-tries", "1", "--timeout", "3")
        check(p.end() != OK and not os.path.exists(t.path("cut.bin")), "half a file")


@suite.case("a file of a form is sent as one")
def _(t):
    t.write("voice.wav", b"RIFF\0\0\x01")
    rows = t.irisx("api", "--describe", "voice.stt.transcribe", "--json").expect(OK).json()["parameters"]
    name = next((r["name"] for r in rows if r["type"] == "file"), None)
    if not name:
        return  # the contract has it otherwise now
    t.write("config.json", json.dumps({"profiles": {"default": {"access_token": TOKEN}}}))
    t.secrets.append(TOKEN)
    with recorded() as server:
        api(t, server.url, "voice.stt.transcribe", name + "=@voice.wav", "provider_id=1", key=None).expect(OK)
        seen = server.seen[-1]
        check(seen.headers["content-type"].startswith("multipart/form-data"), seen.headers)
        check(b'filename="voice.wav"' in seen.body and b"RIFF\0\0\x01" in seen.body, seen.body)
        t.irisx("api", "voice.stt.transcribe", name + "=voice.wav").expect(USAGE, name + "=@PATH")


@suite.case("exit codes and errors say what happened")
def _(t):
    def refuse(_socket, request):
        status = int(request.path.rsplit("/", 1)[1])
        return response(status, {"error": "Nope", "message": "because", "code": "WHY",
                                 "details": [{"code": "invalid_type", "path": ["to"], "message": "Required"}]})

    with recorded(refuse) as server:
        for status, code in ((400, None), (401, AUTH), (403, AUTH), (404, NOT_FOUND), (500, FAILED)):
            p = api(t, server.url, "GET", "/v1/x/%d" % status, "--json", "--max-tries", "1")
            check(p.end() == (USAGE if code is None else code) or code is None, status, p.child.returncode, p.text())
            error = p.error()
            check(error["status"] == status and error["reason"] == "WHY", error)
        api(t, server.url, "GET", "/v1/x/400").end()
    p = api(t, "http://127.0.0.1:9", "sms.list", "--max-tries", "1")
    p.expect(NETWORK, "cannot be reached")
    t.irisx("api", "sms.list").expect(USAGE, "IRISX_API_URL")
    p = api(t, "http://127.0.0.1:9", "sms.send", "from=1")
    p.expect(USAGE, "  to: Required", "  message: Required", "--describe sms.send")


# ---- against the local platform -------------------------------------------------------------------------------------
@suite.case("sms and calls on the local platform")
def _(t):
    sandbox = suite.sandbox()
    key = sandbox.facts["api_key"]
    api(t, sandbox.api, "send", "--from", "+12025550101", "--to", "+12025550123", "--text", "Größe", command="sms", key=key).expect(OK, "SM")
    text = api(t, sandbox.api, "list", "--limit", "1", command="sms", key=key).expect(OK).out
    check("Größe" in text and text.startswith("MESSAGE_SID"), text)
    sid = api(t, sandbox.api, "create", "--to", "+12025550123", "--json", command="calls", key=key).expect(OK).json()["sid"]
    check(api(t, sandbox.api, "get", sid, "--json", command="calls", key=key).expect(OK).json()["sid"] == sid, sid)
    check(sid in api(t, sandbox.api, "list", command="calls", key=key).expect(OK).out, "in the list")
    api(t, sandbox.api, "get", "CA0", command="recordings", key=key).expect(NOT_FOUND, "Call not found")


@suite.case("a recording comes from recording_url, without credentials from elsewhere")
def _(t):
    sound = b"RIFF" + bytes(1000)
    with recorded(lambda *_: response(200, sound, "audio/wav")) as store:
        for url in (store.url + "/r/1.wav?sig=a", None):
            def answer(_socket, request, url=url):
                if request.path.startswith("/v1/calls/"):
                    return response(200, {"sid": "CA1", "recording_url": url})
                return response(200, sound, "audio/wav")
            with recorded(answer) as platform:
                api(t, platform.url, "get", "CA1", "--output", "rec.wav", command="recordings").expect(OK, "rec.wav")
                with open(t.path("rec.wav"), "rb") as f:
                    check(f.read() == sound, "other bytes")
                os.unlink(t.path("rec.wav"))
                if url:
                    seen = store.seen[-1]
                    check(seen.path == "/r/1.wav?sig=a" and "x-api-key" not in seen.headers, seen.headers)
                    check("authorization" not in seen.headers, seen.headers)
                else:
                    check(platform.seen[-1].path == "/v1/recordings/CA1", platform.seen[-1].path)


# ---- completion -----------------------------------------------------------------------------------------------------
def complete(t, *words):
    return [line.split("\t")[0] for line in t.irisx("__complete", *words).expect(OK).out.split("\n") if line]


@suite.case("what begins many operations, members of lists, columns, paths and options of every command are completed")
def _(t):
    groups = complete(t, "api", "")
    check("sms." in groups and "admin." in groups and len(groups) < 200, groups)
    check(complete(t, "api", "contacts.import", "contacts[].fi") == ["contacts[].first_name="], complete(t, "api", "contacts.import", "contacts[].fi"))
    check(complete(t, "api", "calls.list", "--columns", "sid,sta") == ["sid,status"], "columns")
    check("/v1/sms/send" in complete(t, "api", "POST", "/v1/sms/s"), "paths")
    check("completed" in complete(t, "calls", "list", "--status", ""), "values of a shortcut's option")
    check("--credential-command" in complete(t, "login", "--c") and "--from" in complete(t, "sms", "send", "--"), "options")
    check(complete(t, "config", "set", "api_u") == ["api_url"], "settings")
    check("messaging" in complete(t, "api", "--list", "--family", ""), "filters")
    t.write("config.json", json.dumps({"profiles": {"work": {}}}))
    check(complete(t, "api", "--profile", "w") == ["work"], "profiles")
    check(complete(t, "sandbox", "--p") == [], "the sandbox is not started")


@suite.case("operations, parameters, values and files are completed")
def _(t):
    check(complete(t, "ap") == ["api"], complete(t, "ap"))
    check({"sms.send", "sms.send_bulk"} <= set(complete(t, "api", "sms.s")), complete(t, "api", "sms.s"))
    check(complete(t, "api", "sms.send", "to=1", "fr") == ["from="], complete(t, "api", "sms.send", "to=1", "fr"))
    check("to=" not in complete(t, "api", "sms.send", "to=1", ""), "given already")
    check(complete(t, "api", "sms.list", "direction=in") == ["direction=inbound"], "values")
    check(complete(t, "api", "sms.send", "message=@") == ["@files"], "files")
    check("--dry-run" in complete(t, "api", "sms.send", "--d"), "options")
    check(complete(t, "calls", "li") == ["list"] and "--status" in complete(t, "calls", "list", "--"), "shortcuts")


@suite.case("the scripts are what the shells read, and are quick")
def _(t):
    for shell, words in (("bash", "complete -F _irisx irisx"), ("zsh", "#compdef irisx"), ("fish", "complete -c irisx")):
        text = t.irisx("completion", shell).expect(OK).out
        check(words in text and t.irisx("api", "--completion", shell).expect(OK).out == text, shell)
    t.irisx("completion", "tcsh").expect(USAGE)
    os.symlink(Programs.irisx, t.path("irisx"))
    script = ('PATH=%s:$PATH; source <("$0" completion bash); COMP_WORDS=(irisx api sms.send fr); COMP_CWORD=3; '
              'COMP_LINE="irisx api sms.send fr"; COMP_POINT=${#COMP_LINE}; _irisx; echo "${COMPREPLY[@]}"' % t.folder)
    done = subprocess.run(["bash", "-c", script, Programs.irisx], capture_output=True, text=True, timeout=60)
    check(done.stdout.strip() == "from=", done.stdout, done.stderr)


if __name__ == "__main__":
    arguments("irisx", "sandbox")
    suite.run()
