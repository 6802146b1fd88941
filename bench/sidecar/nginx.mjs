const wrap = (folder, side, server) => `worker_processes 1;
daemon off;
master_process off;
pid ${folder}/${side}.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${folder}/${side}-body;
  proxy_temp_path ${folder}/${side}-proxy;
  fastcgi_temp_path ${folder}/${side}-fastcgi;
  uwsgi_temp_path ${folder}/${side}-uwsgi;
  scgi_temp_path ${folder}/${side}-scgi;
  keepalive_requests 10000000;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  ${server}
}
`;

/** nginx beside the caller and beside the callee, one process each, TLS 1.3 with both certificates. */
export const nginx = {
  command: "nginx",
  install: "apt-get install nginx-light",
  argsOf: (path, folder) => ["-p", folder, "-c", path],
  near: ({ listen, to, files }) =>
    wrap(
      files.folder,
      "near",
      `upstream far { server 127.0.0.1:${to}; keepalive 256; keepalive_requests 10000000; }
  server {
    listen 127.0.0.1:${listen};
    location / {
      proxy_pass https://far;
      proxy_ssl_certificate ${files.near.certificate};
      proxy_ssl_certificate_key ${files.near.key};
      proxy_ssl_trusted_certificate ${files.root};
      proxy_ssl_verify on;
      proxy_ssl_verify_depth 3;
      proxy_ssl_name localhost;
      proxy_ssl_server_name on;
      proxy_ssl_protocols TLSv1.3;
    }
  }`,
    ),
  far: ({ listen, to, files }) =>
    wrap(
      files.folder,
      "far",
      `upstream app { server 127.0.0.1:${to}; keepalive 256; keepalive_requests 10000000; }
  server {
    listen 127.0.0.1:${listen} ssl;
    ssl_certificate ${files.far.certificate};
    ssl_certificate_key ${files.far.key};
    ssl_client_certificate ${files.root};
    ssl_verify_client on;
    ssl_verify_depth 3;
    ssl_protocols TLSv1.3;
    location / { proxy_pass http://app; }
  }`,
    ),
};
