"""A stand-in for the API server of Kubernetes: enough of it for kubectl to do what a page says.

    apiserver.py PORT CONDITION

It keeps what is applied, gives each DaemonSet a pod on two nodes, ends each Job after a few
seconds with CONDITION (Complete or Failed), and refuses to change a Job, as the real one does.
It judges nothing: manifests are held against the API's schema elsewhere.
"""

import http.server
import json
import sys
import time
import urllib.parse

KINDS = {
    "v1": {"namespaces": ("Namespace", False), "pods": ("Pod", True)},
    "batch/v1": {"jobs": ("Job", True)},
    "apps/v1": {"daemonsets": ("DaemonSet", True)},
}
NODES = ("node-1", "node-2")
kept = {}


def pod(name, node, init):
    container = [{"name": "bpf-doctor"}]
    spec = {"nodeName": node, "containers": [{"name": "wait"}] if init else container}
    if init:
        spec["initContainers"] = container
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "bpf-doctor"},
        "spec": spec,
        "status": {"phase": "Running" if init else "Succeeded"},
    }


def pods(selector):
    """The pods of what is kept, whose labels are those that are asked for."""
    for thing in kept.values():
        if thing["kind"] not in ("Job", "DaemonSet"):
            continue
        name = thing["metadata"]["name"]
        labels = dict(thing["spec"]["template"]["metadata"]["labels"], **{"controller-uid": "1"})
        if any(f"{key}={value}" not in selector.split(",") for key, value in labels.items() if key in selector):
            continue
        if thing["kind"] == "Job":
            yield pod(f"{name}-pod", "node-1", False)
        else:
            yield from (pod(f"{name}-{node}", node, True) for node in NODES)


def status(thing):
    """What controllers would have made of it by now."""
    age = time.time() - thing["metadata"]["began"]
    if thing["kind"] == "Job":
        # Kubernetes from 1.31 on tells what is coming, before all pods have ended.
        coming = "SuccessCriteriaMet" if sys.argv[2] == "Complete" else "FailureTarget"
        types = [coming] * (age > 2) + [sys.argv[2]] * (age > 4)
        return {"conditions": [{"type": one, "status": "True"} for one in types]}
    count = len(NODES)
    return {
        "observedGeneration": 1,
        "desiredNumberScheduled": count,
        "updatedNumberScheduled": count,
        "numberAvailable": count,
        "numberReady": count,
        "currentNumberScheduled": count,
        "numberMisscheduled": 0,
    }


def refusal(code, reason):
    return code, {"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": reason}


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, code, value):
        plain = isinstance(value, str)
        body = value.encode() if plain else json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "text/plain" if plain else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_GET(self):
        address = urllib.parse.urlsplit(self.path)
        path, asked = address.path, urllib.parse.parse_qs(address.query)
        version = path.removeprefix("/apis/").removeprefix("/api/")
        if path == "/api":
            value = {"kind": "APIVersions", "versions": ["v1"]}
        elif path == "/apis":
            groups = [(group, f"{group}/v1") for group in ("batch", "apps")]
            versions = [(name, {"groupVersion": full, "version": "v1"}) for name, full in groups]
            groups = [{"name": name, "versions": [one], "preferredVersion": one} for name, one in versions]
            value = {"apiVersion": "v1", "kind": "APIGroupList", "groups": groups}
        elif version in KINDS:
            verbs = ["create", "delete", "get", "list", "patch", "watch"]
            resources = [
                {"name": name, "singularName": "", "namespaced": spaced, "kind": kind, "verbs": verbs}
                for name, (kind, spaced) in KINDS[version].items()
            ]
            value = {"apiVersion": "v1", "kind": "APIResourceList", "groupVersion": version, "resources": resources}
        elif path.endswith("/log"):
            value = f"the log of {path.split('/')[-2]}\n"
        elif path.endswith("/pods"):
            found = list(pods(asked.get("labelSelector", [""])[0]))
            value = {"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": found}
        elif "/pods/" in path:
            name = path.split("/")[-1]
            value = pod(name, "node-1", not name.endswith("-pod"))
        elif path.endswith("/daemonsets"):
            found = [dict(thing, status=status(thing)) for thing in kept.values() if thing["kind"] == "DaemonSet"]
            value = {"apiVersion": "apps/v1", "kind": "DaemonSetList", "metadata": {"resourceVersion": "1"}, "items": found}
        elif path in kept:
            value = dict(kept[path], status=status(kept[path]))
        else:
            return self.answer(*refusal(404, "NotFound"))
        return self.answer(200, value)

    def do_POST(self):
        thing = json.loads(self.body())
        thing["metadata"].update(uid="1", generation=1, resourceVersion="1", began=time.time())
        spec = thing.setdefault("spec", {})
        if thing["kind"] == "Job":
            spec["selector"] = {"matchLabels": {"controller-uid": "1"}}
        if thing["kind"] == "DaemonSet":
            spec["updateStrategy"]["type"] = "RollingUpdate"
        kept[f"{urllib.parse.urlsplit(self.path).path}/{thing['metadata']['name']}"] = thing
        self.answer(201, thing)

    def do_PATCH(self):
        self.body()
        thing = kept[urllib.parse.urlsplit(self.path).path]
        if thing["kind"] == "Job":
            return self.answer(*refusal(422, "Invalid"))
        return self.answer(200, thing)

    def do_DELETE(self):
        self.body()
        path = urllib.parse.urlsplit(self.path).path
        if kept.pop(path, None) is None:
            return self.answer(*refusal(404, "NotFound"))
        details = {"name": path.split("/")[-1], "uid": "1"}
        return self.answer(200, {"apiVersion": "v1", "kind": "Status", "status": "Success", "details": details})


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Server).serve_forever()
