"""Somebody in between: a proxy on loopback that counts requests and may change answers."""
import http.client
import http.server
import threading


class Proxy:
    """CHANGE(path, body) gives the body to pass on, None to say that it was erased; `seen` lists
    methods and paths.  HEADERS are added to each."""

    def __init__(self, change=None, headers=None):
        self.headers = headers or {}
        self.change, self.target, self.seen = change or (lambda path, body: body), None, []
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def relay(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                proxy.seen.append((self.command, self.path))
                upstream = http.client.HTTPConnection(*proxy.target, timeout=60)
                upstream.request(self.command, self.path, body or None,
                                 {"Content-Type": self.headers.get("Content-Type", "")})
                answer = upstream.getresponse()
                text = proxy.change(self.path, answer.read())
                upstream.close()
                self.send_response(answer.status if text is not None else 410)
                text = text or b"{}"
                for name in ("Content-Type", "Retry-After", "Suyuan-Erasure"):
                    if answer.headers.get(name):
                        self.send_header(name, answer.headers[name])
                for name, value in proxy.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = relay

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def to(self, ledger):
        self.target = ledger.address
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)
