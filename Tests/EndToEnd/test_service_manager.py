"""sd_notify(3): what the appliance tells the service manager that started it."""

import socket

import pytest

from harness.appliance import START_SECONDS, Appliance
from harness.captures import write_capture
from harness.program import ENVIRONMENT
from harness.setup import one_arm


@pytest.fixture(params=["path", "abstract"])
def notifications(request, tmp_path, monkeypatch):
    """A datagram socket that NOTIFY_SOCKET names."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@{tmp_path}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(name.replace("@", "\0", 1))
        receiver.settimeout(START_SECONDS)
        monkeypatch.setitem(ENVIRONMENT, "NOTIFY_SOCKET", name)
        yield receiver


def started():
    appliance = Appliance(one_arm())
    for path in appliance.setup.ports[0].input_paths(appliance.folder):
        write_capture(path, [])
    appliance.launch()
    return appliance


def test_ready_is_told_once_the_socket_answers_and_stopping_at_the_end(notifications):
    with started() as appliance:
        assert notifications.recv(100) == b"READY=1"
        assert appliance.admin.answers()
        appliance.end()
        assert notifications.recv(100) == b"STOPPING=1"


def test_a_service_manager_that_is_gone_is_no_obstacle(tmp_path, monkeypatch):
    monkeypatch.setitem(ENVIRONMENT, "NOTIFY_SOCKET", str(tmp_path / "nobody"))
    with started() as appliance:
        appliance.ready()
        appliance.end()


def test_nothing_is_told_of_what_did_not_start(notifications):
    with Appliance(one_arm()) as appliance:
        appliance.config.write_text("workers: none\n")
        appliance.launch()
        assert appliance.process.wait(START_SECONDS) == 1
        notifications.setblocking(False)
        with pytest.raises(BlockingIOError):
            notifications.recv(100)
