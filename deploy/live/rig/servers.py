"""Real servers on the server hosts."""

from .namespace import wait_until

NGINX = """
user root; daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 8192; }}
http {{
  access_log off; default_type text/plain; sendfile on; keepalive_requests 1000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 80 backlog=4096; listen [::]:80 backlog=4096;
    location = / {{ return 200 "{name}\\n"; }}
    location / {{ root {folder}/site; }}
    location /joined/ {{ root {folder}/site; ssi on; ssi_types *; }}
  }}
}}
"""


def web_server(host):
    """nginx on port 80: `/` is the host's name, all else the folder `site`, where files of `joined` may
    include others (SSI). Its process."""
    (host.folder / "site").mkdir(exist_ok=True)
    configuration = host.folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=host.folder, name=host.name))
    process = host.serve("nginx", "-p", host.folder, "-c", configuration, log="nginx.out")
    wait_until(lambda: host.listens("127.0.0.1", 80), 10, f"nginx on {host.name}", process)
    return process


def name_server(host):
    """dnsmasq on port 53: `who.example` has a TXT record with the host's name. Its process."""
    process = host.serve(
        "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
        "--user=root", "--pid-file=", f"--txt-record=who.example,{host.name}",
        "--address=/www.example/203.0.113.10", log="dnsmasq.out",
    )  # fmt: skip
    wait_until(lambda: host.listens("127.0.0.1", 53), 10, f"dnsmasq on {host.name}", process)
    return process
