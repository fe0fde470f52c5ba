"""A server that speaks OpenAI's chat protocol and misbehaves on request; run as a process.

`python judge_server.py MODE LOG`: prints its port. It scores a plan by its words alone: 5 for each
criterion if "good" is in it, else 2; LOG gets each request as a line.
"""

import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODE, LOG = sys.argv[1], sys.argv[2]
CRITERIA = ("completeness", "logical_sequence", "hallucination_redundancy", "granularity")
lock = threading.Lock()
count = 0


def judged(text: str, bonus: float) -> str:
    plans = re.split(r"^Plan ([A-Z]):$", text, flags=re.MULTILINE)[1:]
    scores = {}
    for index in range(0, len(plans), 2):
        value = 4 if "good" in plans[index + 1] else 2
        value = value + bonus if index == 0 else value
        scores[plans[index]] = dict.fromkeys(CRITERIA, value)
    return "Here it is:\n```json\n" + json.dumps({"reasoning": "r", "scores": scores}) + "\n```"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        global count
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with lock:
            count += 1
            number = count
            with open(LOG, "a") as log:
                row = {"path": self.path, "key": self.headers.get("Authorization"), "body": body}
                log.write(json.dumps(row) + "\n")
        content = body["messages"][1]["content"]
        text = content if isinstance(content, str) else content[0]["text"]
        answer = judged(text, 1 if MODE == "biased" else 0)
        if MODE == "silent":
            time.sleep(60)
        if MODE == "slow_once" and number == 1:
            time.sleep(3)
        if MODE == "flaky" and number % 3:
            return self.reply(503 if number % 2 else 429, {"error": "busy"})
        if MODE == "forbidden":
            return self.reply(401, {"error": {"message": "bad key"}})
        if MODE == "garbage":
            return self.raw(200, b"<html>not json</html>")
        if MODE == "prose" and body["temperature"] == 0:
            answer = "Both plans are lovely."
        if MODE == "always_prose":
            answer = "Both plans are lovely."
        if MODE == "half" and number % 2:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
            return self.connection.close()
        value = {
            "choices": [{"message": {"role": "assistant", "content": answer}}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10},
        }
        return self.reply(200, value)

    def reply(self, status, value):
        self.raw(status, json.dumps(value).encode())

    def raw(self, status, data):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
