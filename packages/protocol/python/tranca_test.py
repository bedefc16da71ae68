"""Checks the codec against the golden vectors, and the client against a small node in this process.

    python3 tranca_test.py
"""

import json
import os
import socket
import threading
import unittest

import tranca

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "testdata", "golden.json")


def from_json(value):
    if isinstance(value, dict):
        if list(value) == ["$bytes"]:
            return bytes.fromhex(value["$bytes"])
        return {key: from_json(item) for key, item in value.items()}
    return [from_json(item) for item in value] if isinstance(value, list) else value


class GoldenVectors(unittest.TestCase):
    def setUp(self):
        with open(GOLDEN, encoding="utf-8") as file:
            self.golden = json.load(file)

    def vectors(self, *groups):
        return [vector for group in groups for vector in self.golden[group]]

    def test_reads_every_frame(self):
        for vector in self.vectors("requests", "answers", "events", "keepAlive", "readOnly"):
            data = bytes.fromhex(vector["hex"])
            self.assertEqual(int.from_bytes(data[:4], "big"), len(data) - 4)
            self.assertEqual(tranca.unpack(data[4:]), from_json(vector["body"]), vector["about"])

    def test_writes_every_frame(self):
        for vector in self.vectors("requests", "answers", "events", "keepAlive"):
            self.assertEqual(tranca.frame(from_json(vector["body"])).hex(), vector["hex"], vector["about"])

    def test_knows_the_codes_that_it_uses(self):
        codes = {v["decoded"]["operation"]["op"]: from_json(v["body"])[0] for v in self.golden["requests"]}
        for name, (code, _) in tranca.OPERATIONS.items():
            self.assertEqual(codes[name], code, name)

    def test_names_the_results_as_the_schema_does(self):
        for vector in self.golden["answers"]:
            names = tranca.OPERATIONS.get(vector["operation"], (0, None))[1]
            if names is not None and vector["decoded"]["kind"] == "ok":
                values = [item for item in zip(names, from_json(vector["body"])[2:]) if item[1] is not None]
                self.assertEqual(dict(values), from_json(self.positional(vector)), vector["operation"])

    @staticmethod
    def positional(vector):
        value = dict(vector["decoded"]["value"])
        if "welcome" in value:
            value["welcome"] = vector["body"][2]
        return value

    def test_refuses_bytes_that_are_no_value(self):
        for data in (b"", b"\xdb\x7f\xff\xff\xff", b"\xdd\xff\xff\xff\xff", b"\xd4\x00\x00", b"\x91" * 100, b"\x01\x01"):
            with self.assertRaises(ValueError):
                tranca.unpack(data)


class Node(threading.Thread):
    """Answers connections in turn by a script; each script entry takes a request and gives frames or None."""

    def __init__(self, scripts):
        super().__init__(daemon=True)
        self.scripts = scripts
        self.seen = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]

    def run(self):
        for script in self.scripts:
            connection, _ = self.listener.accept()
            with connection, connection.makefile("rb") as stream:
                for answer in script:
                    head = stream.read(4)
                    if len(head) < 4:
                        break
                    request = tranca.unpack(stream.read(int.from_bytes(head, "big")))
                    self.seen.append(request)
                    value = answer(request)
                    if value is None:
                        break
                    connection.sendall(tranca.frame(value))
        self.listener.close()


def welcome(request):
    return [1, request[1], {"version": 1, "role": "leader", "node": 1}]


def opened(request):
    return [1, request[1], 17, 1, 30_000]


def resumed(request):
    return [1, request[1], 17, 2, 30_000]


def breaks(_):
    return None


class Sessions(unittest.TestCase):
    def client(self, *nodes):
        for node in nodes:
            node.start()
        return tranca.Client([node.address for node in nodes], namespace="test", patience_s=10)

    def test_a_request_is_sent_again_with_the_same_bytes_after_a_resume(self):
        granted = lambda request: [1, request[1], 42, [1]]
        node = Node([[welcome, opened, breaks], [welcome, resumed, granted, lambda request: [1, request[1]]]])
        client = self.client(node)
        self.assertEqual(client.acquire("u1", "SA1", wait_ms=100), {"token": 42, "counts": [1]})
        first, resume, second = node.seen[2], node.seen[4], node.seen[5]
        self.assertEqual(first, second)
        self.assertEqual(resume[0], 17)
        self.assertEqual(resume[3:], [17, node.seen[1][3], [first[1]]])
        client.close()
        self.assertEqual(node.seen[6][:3], [18, node.seen[6][1], [first[1]]], "the answer is acknowledged")

    def test_a_follower_shows_the_way_to_the_leader(self):
        leader = Node([[welcome, opened, lambda request: [1, request[1]]]])
        follower = Node([[lambda r: [1, r[1], {"role": "follower", "leader": [1, leader.address]}]]])
        leader.start()
        client = self.client(follower)
        self.assertEqual(client.session, 17)
        client.close()

    def test_a_refusal_carries_cause_and_detail(self):
        held = lambda request: [2, request[1], "held", {"name": "SA1"}]
        node = Node([[welcome, opened, held, lambda request: [1, request[1]]]])
        with self.client(node) as client:
            with self.assertRaises(tranca.Refused) as refused:
                client.acquire("u1", "SA1")
            self.assertEqual((refused.exception.cause, refused.exception.detail), ("held", {"name": "SA1"}))

    def test_a_lost_session_is_told(self):
        node = Node([[welcome, opened, lambda request: [3, 3, 17, "expired"], breaks]])
        client = self.client(node)
        with self.assertRaises(tranca.SessionLost):
            client.acquire("u1", "SA1")


class Credentials(unittest.TestCase):
    def test_a_token_does_not_leave_this_machine_without_tls(self):
        for address in ("10.0.0.1:5555", "erp.example.com:5555", "127.example.com:5555", "[fd00::1]:5555"):
            with self.assertRaises(ValueError) as refused:
                tranca.Client([address], namespace="test", token="secret-of-the-test")
            self.assertNotIn("secret", str(refused.exception))
        with self.assertRaises(ValueError):
            tranca.Client(["127.0.0.1:5555"], namespace="test", token="x" * 4_097)

    def test_a_token_is_shown_at_hello_and_not_to_an_address_that_a_node_named(self):
        follower = Node([[lambda r: [1, r[1], {"role": "follower", "leader": [1, "10.255.255.1:5555"]}]]] * 2)
        leader = Node([[welcome, opened, lambda request: [1, request[1]]]])
        for node in (follower, leader):
            node.start()
        addresses = [follower.address, leader.address]
        with tranca.Client(addresses, namespace="test", token="secret-of-the-test", patience_s=5) as client:
            self.assertEqual(client.leader, leader.address)
        self.assertEqual(leader.seen[0][3]["auth"], "secret-of-the-test")

    def test_a_refused_hello_is_told_when_patience_ends(self):
        denied = lambda request: [2, request[1], "denied", {"expected": "a token"}]
        node = Node([[denied]] * 50)
        node.start()
        with self.assertRaises(tranca.Unreachable) as refused:
            tranca.Client([node.address], namespace="test", patience_s=0.1)
        self.assertIn("denied", str(refused.exception))

    def test_members_are_learnt(self):
        other = Node([[welcome, resumed, lambda r: [1, r[1], 42, [1]], lambda r: [1, r[1]]]])
        told = lambda request: [1, request[1], {"role": "leader", "members": [other.address]}]
        first = Node([[told, opened, breaks]])
        for node in (first, other):
            node.start()
        with tranca.Client([first.address], namespace="test", patience_s=10) as client:
            self.assertEqual(client.acquire("u1", "SA1")["token"], 42)
            self.assertEqual(client.leader, other.address)


if __name__ == "__main__":
    unittest.main()
