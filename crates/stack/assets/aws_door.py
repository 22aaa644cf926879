"""The door before the stand-in for AWS: lets everything through, and answers by itself what the stand-in does not know.

Usage: aws_door.py ADDRESS PORT STAND_IN_ADDRESS STAND_IN_PORT. What is written to it is kept in memory and read back as it was
written: that proves that somebody asked for it, and nothing about what AWS would make of it.
"""

import http.client
import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

ACCOUNT = "000000000000"
IMAGE = "ami-0c2023a1b2c3d4e5f"
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
# What is only switched on or off, and what nobody reads back.
SWITCHES = {"MonitorInstances", "UnmonitorInstances", "EnableMetricsCollection", "DisableMetricsCollection"}
kept, lock = {}, threading.RLock()


class Ask:
    """One request, as far as anybody here must know it."""

    def __init__(self, method, path, headers, body):
        scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/", headers.get("authorization", ""))
        self.region, self.service = scope.groups() if scope else ("", "")
        self.method, self.path, self.body = method, unquote(urlsplit(path).path), body
        target = headers.get("x-amz-target", "")
        self.form = {}
        if "x-www-form-urlencoded" in headers.get("content-type", ""):
            self.form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        self.action = self.form.get("Action") or target.rpartition(".")[2]

    def json(self):
        return json.loads(self.body or b"{}")


def all_of(kind):
    return [(name[1], value) for name, value in kept.items() if isinstance(name, tuple) and name[0] == kind]


def said(value, status=200):
    return status, "application/json", json.dumps(value).encode()


def missing():
    return said({"__type": "ResourceNotFoundException", "message": "nobody has written that"}, 404)


def xml(action, inside=""):
    text = f"<{action}Response><{action}Result>{inside}</{action}Result><ResponseMetadata><RequestId>door</RequestId></ResponseMetadata></{action}Response>"
    return 200, "text/xml", text.encode()


def prometheus(ask):
    """Amazon's Prometheus: workspaces, and what belongs to them under their own paths."""
    if ask.path == "/workspaces" and ask.method == "POST":
        asked = ask.json()
        number = f"ws-{len(kept)}"
        arn = f"arn:aws:aps:{ask.region}:{ACCOUNT}:workspace/{number}"
        active = {"statusCode": "ACTIVE"}
        kept["/workspaces/" + number] = {"workspace": asked | {
            "workspaceId": number, "arn": arn, "status": active, "createdAt": 1,
            "prometheusEndpoint": f"https://aps-workspaces.{ask.region}.amazonaws.com/workspaces/{number}/",
        }}
        return said({"workspaceId": number, "arn": arn, "status": active}, 202)
    if ask.path.startswith("/tags/"):
        tagged = next((w["workspace"] for w in kept.values() if isinstance(w, dict) and w.get("workspace", {}).get("arn") == ask.path[6:]), {})
        return said({"tags": tagged.get("tags", {})})
    _, _, number, *part = ask.path.split("/")
    place, active = ask.path.rstrip("/"), {"statusCode": "ACTIVE"}
    if ask.method == "DELETE":
        return (said({}, 202) if kept.pop(place, None) else missing())
    if ask.method in ("POST", "PUT") and part:
        asked = ask.json()
        head = part[0]
        if head == "rulegroupsnamespaces" and ask.method == "POST":
            place = f"{place}/{asked['name']}"
        kind = "rulegroupsnamespace" if head == "rulegroupsnamespaces" else head
        arn = f"arn:aws:aps:{ask.region}:{ACCOUNT}:{kind}/{number}/{asked.get('name', part[-1])}"
        common = {"status": active, "createdAt": 1, "modifiedAt": 1}
        name = {"logging": "loggingConfiguration", "rulegroupsnamespaces": "ruleGroupsNamespace", "alertmanager": "alertManagerDefinition"}[head]
        kept[place] = {name: asked | common | {"arn": arn, "workspace": number}}
        return said({"status": active, "arn": arn, "name": asked.get("name", "")}, 202)
    return said(kept[place]) if place in kept else missing()


def mail_from(ask):
    """SES keeps from which domain it sends; the stand-in keeps the identity without."""
    name = ask.path.split("/")[4]
    if ask.method == "PUT":
        kept["mail-from", name] = ask.json()
        return said({})
    return None


def firewall_log(ask):
    arn = ask.json().get("ResourceArn") or ask.json().get("LoggingConfiguration", {}).get("ResourceArn")
    if ask.action == "PutLoggingConfiguration":
        kept["waf-log", arn] = ask.json()["LoggingConfiguration"]
    if ask.action == "DeleteLoggingConfiguration":
        kept.pop(("waf-log", arn), None)
        return said({})
    found = kept.get(("waf-log", arn))
    return said({"LoggingConfiguration": found}) if found else said({"__type": "WAFNonexistentItemException"}, 400)


def amazons_image(ask):
    """AWS tells which of its images is the newest; the stand-in only for processors of another kind."""
    name = ask.json().get("Name", "")
    if not name.startswith("/aws/service/ami-amazon-linux-latest/"):
        return None
    return said({"Parameter": {"Name": name, "Type": "String", "Value": IMAGE, "Version": 1, "DataType": "text", "ARN": f"arn:aws:ssm:{ask.region}::parameter{name}"}})


def balancer(ask):
    """Of the balancer's units the last that was reserved stands."""
    if ask.action == "ModifyCapacityReservation":
        kept["units"] = ask.form.get("MinimumLoadBalancerCapacity.CapacityUnits", "0")
    units = kept.get("units", "0")
    return xml(ask.action, f"<MinimumLoadBalancerCapacity><CapacityUnits>{units}</CapacityUnits></MinimumLoadBalancerCapacity>")


def protection(ask):
    nodes = [value for name, value in ask.form.items() if name.startswith("InstanceIds.")]
    kept.update({("protected", node): ask.form["ProtectedFromScaleIn"] for node in nodes})
    return xml(ask.action)


def own(ask):
    """An answer of ours, or None where the stand-in knows one."""
    if ask.service == "ssm" and ask.action == "GetParameter":
        return amazons_image(ask)
    if ask.action in SWITCHES:
        return xml(ask.action)
    if ask.action == "SetInstanceProtection":
        return protection(ask)
    if ask.action in ("ModifyCapacityReservation", "DescribeCapacityReservation"):
        return balancer(ask)
    if ask.service == "aps":
        return prometheus(ask)
    if ask.service == "ses" and ask.path.endswith("/mail-from"):
        return mail_from(ask)
    if ask.service == "wafv2" and "LoggingConfiguration" in ask.action and "List" not in ask.action:
        return firewall_log(ask)
    return None


def changed(ask, status, headers, body):
    """The stand-in's answer, made complete."""
    identity = re.fullmatch(r"/v2/email/identities/([^/]+)", ask.path)
    if ask.service == "ses" and ask.method == "GET" and identity and status == 200:
        asked = kept.get(("mail-from", identity[1]))
        if asked:
            whole = json.loads(body)
            whole["MailFromAttributes"] = asked | {"MailFromDomainStatus": "SUCCESS"}
            body = json.dumps(whole).encode()
    prefix = ask.form.get("IpPermissions.1.PrefixListIds.1.PrefixListId")
    if ask.action == "AuthorizeSecurityGroupIngress" and prefix:
        rule = re.search(rb"<securityGroupRuleId>([^<]+)</securityGroupRuleId>", body)
        if rule:
            kept["prefix", rule[1]] = prefix.encode()
    if ask.action == "DescribeSecurityGroupRules":
        for rule, prefix in all_of("prefix"):
            number = b"<securityGroupRuleId>" + rule + b"</securityGroupRuleId>"
            body = body.replace(number, number + b"<prefixListId>" + prefix + b"</prefixListId>")
    if ask.action == "DescribeAutoScalingGroups":
        for node, word in all_of("protected"):
            shape = f"(<InstanceId>{node}</InstanceId>.*?<ProtectedFromScaleIn>)[a-z]*"
            body = re.sub(shape.encode(), lambda found: found[1] + word.encode(), body, count=1, flags=re.DOTALL)
    return body


class Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def serve(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        ask = Ask(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
        with lock:
            answer = own(ask)
        if answer:
            status, kind, text = answer
            headers = [("content-type", kind)]
        else:
            line = http.client.HTTPConnection(*STAND_IN, timeout=120)
            line.request(self.command, self.path, body, {k: v for k, v in self.headers.items() if k.lower() not in HOP | {"expect"}})
            told = line.getresponse()
            status, headers, text = told.status, told.getheaders(), told.read()
            line.close()
            with lock:
                text = changed(ask, status, headers, text)
        if status >= 400:
            print(f"{ask.service} {ask.action or ask.method + ' ' + ask.path}: {status} {text[:300]!r}", flush=True)
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in HOP:
                self.send_header(name, value)
        length = next((v for k, v in headers if k.lower() == "content-length"), None) if self.command == "HEAD" else None
        self.send_header("content-length", length or str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = serve

    def log_message(self, *_):
        pass


STAND_IN = (sys.argv[3], int(sys.argv[4]))
ThreadingHTTPServer.request_queue_size = 128
ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Door).serve_forever()
