"""The space's HTTP API as a party speaks it: one open connection, a token, keys for changes."""

import http.client
import json
import time
import urllib.parse

RETRIES_MAX = 5
TIMEOUT_SECONDS = 120


class Problem(Exception):
    """The server refused, or failed: what was asked, and the problem document that it answered."""

    def __init__(self, method, path, answer):
        try:
            self.document = json.loads(answer.body)
        except ValueError:
            self.document = {"detail": answer.body[:500].decode("utf-8", "replace")}
        self.method, self.path, self.status = method, path, answer.status
        self.code = self.document.get("code", "")
        super().__init__(f"{method} {path} was answered {self.status} {self.code}: "
                         f"{self.document.get('detail', '')}")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Client:
    """For one thread. A request that got lost is sent again, as it was: a change carries its key,
    so that it happens once."""

    def __init__(self, url, token=None):
        self._address = urllib.parse.urlsplit(url).netloc
        self._connection = None
        self.token = token

    def ask(self, path):
        """GET a JSON document."""
        return self.send("GET", path).json()

    def change(self, path, message, key=None):
        """POST a JSON message; `key` makes it happen once."""
        body = json.dumps(message).encode()
        return self.send("POST", path, body, "application/json", key).json()

    def send(self, method, path, body=None, media_type=None, key=None):
        """Any request. Raises Problem unless the answer is a success."""
        headers = {}
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        if media_type:
            headers["Content-Type"] = media_type
        if key:
            headers["Idempotency-Key"] = key
        for attempt in range(RETRIES_MAX):
            is_last = attempt + 1 == RETRIES_MAX
            try:
                answer = self._exchange(method, path, body, headers)
            except (OSError, http.client.HTTPException):
                self.close()
                if is_last:
                    raise
                time.sleep(0.05 * attempt)
                continue
            if answer.status == 503 and not is_last:
                time.sleep(float(answer.headers.get("Retry-After", 1)))
                continue
            if answer.status >= 400:
                raise Problem(method, path, answer)
            return answer
        raise AssertionError("unreachable")

    def close(self):
        if self._connection:
            self._connection.close()
        self._connection = None

    def _exchange(self, method, path, body, headers):
        if not self._connection:
            self._connection = http.client.HTTPConnection(self._address, timeout=TIMEOUT_SECONDS)
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        return Answer(response.status, response.headers, response.read())
