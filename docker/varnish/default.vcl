vcl 4.1;

# Varnish 7.1 in front of Strata; xkey and var are of varnish-modules. Start varnishd with
#   -p http_gzip_support=off   the nodes compress, each encoding with a strong ETag of its own, which Varnish would weaken
#   -p timeout_idle=65s       longer than pools of clients keep a connection
#   -p default_ttl=0 -p default_grace=0   what says nothing about freshness has none

import directors;
import std;
import var;
import xkey;

probe ready {
    .url = "/health/ready";
    .interval = 1s;
    .timeout = 2s;
    .window = 3;
    .threshold = 2;
    .initial = 2;
}

backend node_1 { .host = "strata-1"; .port = "3000"; .probe = ready; .connect_timeout = 1s; .first_byte_timeout = 35s; }
backend node_2 { .host = "strata-2"; .port = "3000"; .probe = ready; .connect_timeout = 1s; .first_byte_timeout = 35s; }

# The same, for when none is ready: a node without its database still answers much of what it knows.
backend any_1 { .host = "strata-1"; .port = "3000"; .connect_timeout = 1s; .first_byte_timeout = 35s; }
backend any_2 { .host = "strata-2"; .port = "3000"; .connect_timeout = 1s; .first_byte_timeout = 35s; }

# Who may purge: the nodes, and this machine.
acl purgers {
    "127.0.0.1";
    "::1";
    "strata-1";
    "strata-2";
}

sub vcl_init {
    new ready_nodes = directors.round_robin();
    ready_nodes.add_backend(node_1);
    ready_nodes.add_backend(node_2);
    new any_node = directors.round_robin();
    any_node.add_backend(any_1);
    any_node.add_backend(any_2);
    new nodes = directors.fallback();
    nodes.add_backend(ready_nodes.backend());
    nodes.add_backend(any_node.backend());
}

sub vcl_recv {
    set req.backend_hint = nodes.backend();
    if (req.restarts == 0) {
        unset req.http.X-Edge-Use;
        unset req.http.X-Edge-Within;
        unset req.http.X-Edge-Did;
        # The nodes' own rule: an id that may stand in a log.
        if (req.http.X-Request-Id !~ "^[\w.-]{1,64}$") {
            set req.http.X-Request-Id = "varnish-" + std.random(0, 1000000000);
        }
    } else if (req.http.X-Edge-Use == "fresh") {
        set req.grace = std.duration(req.http.X-Edge-Within, 0s);
    }

    if (req.method == "PURGE") {
        call purge;
    }
    unset req.http.X-Cache-Generation;
    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }
    # This service sets no cookies. Whose this one is, and what it would change, nobody here knows.
    if (req.http.Cookie) {
        return (pass);
    }

    # Three spellings instead of hundreds: answers vary by it.
    if (req.http.Accept-Encoding ~ "(?i)(^|[ ,])br(?! *; *q=0(\.0*)? *(,|$))") {
        set req.http.Accept-Encoding = "br";
    } else if (req.http.Accept-Encoding ~ "(?i)(^|[ ,])gzip(?! *; *q=0(\.0*)? *(,|$))") {
        set req.http.Accept-Encoding = "gzip";
    } else {
        unset req.http.Accept-Encoding;
    }
    return (hash);
}

# PURGE with `xkey-purge: tag tag …`. What is on its way now was asked for before, so it is not kept (vcl_backend_response), and
# whoever is asked from now on has to know what the purger knew: a late answer cannot outlive its purge.
sub purge {
    if (client.ip !~ purgers) {
        return (synth(403));
    }
    if (!req.http.xkey-purge) {
        return (synth(400));
    }
    if (req.http.X-Cache-Generation ~ "^[\w-]{1,64}\.\d{1,15}$") {
        # Of two purges of one epoch the later tick counts, in whichever order they came.
        if (regsub(req.http.X-Cache-Generation, "\.\d+$", "") != regsub(var.global_get("generation"), "\.\d+$", "")
            || std.integer(regsub(req.http.X-Cache-Generation, "^.*\.", ""), 0) > std.integer(regsub(var.global_get("generation"), "^.*\.", ""), 0)) {
            var.global_set("generation", req.http.X-Cache-Generation);
        }
    }
    var.global_set("purged_at", std.time2real(now, 0.0));
    set req.http.X-Purged = xkey.purge(req.http.xkey-purge);
    return (synth(200));
}

sub vcl_hash {
    # The answer is the same under any host name: links are paths, or start with PUBLIC_URL.
    hash_data(req.url);
    return (lookup);
}

sub vcl_hit {
    set req.http.X-Edge-Did = "hit";
    if (obj.ttl >= 0s || req.http.X-Edge-Use) {
        return (deliver);
    }
    # Past its stale-while-revalidate it is there for when we fail. So ask again, as if only that much of it were there.
    if (obj.ttl + std.duration(obj.http.X-Edge-Within, 0s) < 0s && std.healthy(ready_nodes.backend())) {
        set req.http.X-Edge-Use = "fresh";
        set req.http.X-Edge-Within = obj.http.X-Edge-Within;
        return (restart);
    }
    return (deliver);
}

sub vcl_miss {
    set req.http.X-Edge-Did = "fwd=uri-miss";
    # Who says who they are may be given what is kept for everybody (Vary keeps them from all else); what they get is not kept.
    if (req.http.Authorization) {
        return (pass);
    }
    return (fetch);
}

sub vcl_pass {
    set req.http.X-Edge-Did = "fwd=bypass";
    return (fetch);
}

sub vcl_backend_fetch {
    set bereq.http.X-Edge-Started = std.time2real(now, 0.0);
    unset bereq.http.X-Edge-Did;
    unset bereq.http.X-Edge-Within;
    if (var.global_get("generation")) {
        set bereq.http.X-Cache-Generation = var.global_get("generation");
    }
    return (fetch);
}

sub vcl_backend_response {
    # There is something older to answer with.
    if (beresp.status >= 500 && (bereq.is_bgfetch || bereq.http.X-Edge-Use == "fresh")) {
        return (abandon);
    }
    if (bereq.uncacheable) {
        return (deliver);
    }
    unset beresp.http.X-Request-Id;
    set beresp.grace = 0s;

    # RFC 9213: what is said to edges alone comes first.
    if (beresp.http.CDN-Cache-Control) {
        set beresp.http.X-Edge-Rule = beresp.http.CDN-Cache-Control;
        set beresp.ttl = std.duration(regsub(beresp.http.X-Edge-Rule, "(?i)^(.*[ ,])?max-age=(\d+).*$", "\2s"), 0s)
            - std.duration(beresp.http.Age + "s", 0s);
    } else {
        set beresp.http.X-Edge-Rule = beresp.http.Cache-Control;
        # Only what is meant for shared caches: browsers' max-age is not.
        if (beresp.http.X-Edge-Rule !~ "(?i)(^|[ ,])s-maxage=\d") {
            set beresp.ttl = 0s;
        }
    }
    if (beresp.http.X-Edge-Rule ~ "(?i)(private|no-store|no-cache)"
        || beresp.http.Cache-Control ~ "(?i)(private|no-store)"
        || beresp.http.Set-Cookie || beresp.http.Vary ~ "\*" || beresp.http.X-Accel-Expires == "0") {
        set beresp.ttl = 0s;
    }
    if (beresp.ttl <= 0s) {
        # Others who want it need not queue up behind each other for a while.
        set beresp.ttl = 10s;
        set beresp.uncacheable = true;
        return (deliver);
    }
    # Law 1 at the edge: something was purged since this was asked for, and this may be older than that.
    if (std.real(var.global_get("purged_at"), 0.0) >= std.real(bereq.http.X-Edge-Started, 0.0)) {
        set beresp.ttl = 1s;
        set beresp.uncacheable = true;
        return (deliver);
    }

    set beresp.http.X-Edge-Within = "0s";
    if (beresp.http.X-Edge-Rule ~ "(?i)stale-while-revalidate=\d") {
        set beresp.http.X-Edge-Within = regsub(beresp.http.X-Edge-Rule, "(?i)^.*stale-while-revalidate=(\d+).*$", "\1s");
        set beresp.grace = std.duration(beresp.http.X-Edge-Within, 0s);
    }
    if (beresp.http.X-Edge-Rule ~ "(?i)stale-if-error=\d") {
        set beresp.http.X-Edge-Error = regsub(beresp.http.X-Edge-Rule, "(?i)^.*stale-if-error=(\d+).*$", "\1s");
        if (std.duration(beresp.http.X-Edge-Error, 0s) > beresp.grace) {
            set beresp.grace = std.duration(beresp.http.X-Edge-Error, 0s);
        }
    }
    return (deliver);
}

sub vcl_backend_error {
    # The next node, for what only reads.
    if (bereq.retries == 0 && (bereq.method == "GET" || bereq.method == "HEAD")) {
        return (retry);
    }
    if (bereq.is_bgfetch || bereq.http.X-Edge-Use == "fresh") {
        return (abandon);
    }
    call problem_from_backend;
    return (deliver);
}

sub vcl_deliver {
    # RFC 9211. What a kept answer says of the nodes is how we came by it, without the time that was left then.
    if (req.http.X-Edge-Did == "hit") {
        set resp.http.Cache-Status = regsuball(resp.http.Cache-Status, "; ttl=-?\d+", "");
        set req.http.X-Edge-Did = "hit; ttl=" + regsub(obj.ttl, "\..*$", "");
        set resp.http.X-Cache = "HIT";
        if (obj.ttl < 0s) {
            set req.http.X-Edge-Did = req.http.X-Edge-Did + "; detail=stale";
            set resp.http.X-Cache = "STALE";
        }
    } else if (obj.uncacheable == false && req.http.X-Edge-Did == "fwd=uri-miss") {
        set req.http.X-Edge-Did = req.http.X-Edge-Did + "; stored";
    }
    if (resp.http.Cache-Status && resp.http.Cache-Status != "") {
        set resp.http.Cache-Status = resp.http.Cache-Status + ", varnish; " + req.http.X-Edge-Did;
    } else {
        set resp.http.Cache-Status = "varnish; " + req.http.X-Edge-Did;
    }
    # Varnish compares one tag with one tag. RFC 9110 §13.1.2 has lists, and a star.
    if (resp.http.ETag && (req.http.If-None-Match == "*" || std.strstr(req.http.If-None-Match, resp.http.ETag))) {
        set req.http.If-None-Match = resp.http.ETag;
    }
    if (!resp.http.X-Request-Id) {
        set resp.http.X-Request-Id = req.http.X-Request-Id;
    }
    # Purges reach this cache and none behind it. The nodes write what is for edges last.
    set resp.http.Cache-Control = regsub(resp.http.Cache-Control, "(?i),? *s-maxage=.*$", "");
    unset resp.http.CDN-Cache-Control;
    unset resp.http.xkey;
    unset resp.http.X-Edge-Rule;
    unset resp.http.X-Edge-Within;
    unset resp.http.X-Edge-Error;
    unset resp.http.X-Cache-Generation;
    unset resp.http.X-Accel-Expires;
    unset resp.http.X-Varnish;
    unset resp.http.Via;
    return (deliver);
}

sub vcl_synth {
    # The nodes failed, and there is something older.
    if (resp.status >= 500 && req.http.X-Edge-Use == "fresh") {
        set req.http.X-Edge-Use = "stale";
        return (restart);
    }
    set resp.http.Cache-Control = "no-store";
    unset resp.http.X-Varnish;
    unset resp.http.Via;
    if (resp.status < 400) {
        set resp.http.Content-Type = "text/plain";
        set resp.body = req.http.X-Purged;
        return (deliver);
    }
    set resp.http.Content-Type = "application/problem+json";
    set resp.body = {"{"type":"about:blank","title":""} + resp.reason + {"","status":"} + resp.status + "}";
    return (deliver);
}

sub problem_from_backend {
    set beresp.http.Content-Type = "application/problem+json";
    set beresp.http.Cache-Control = "no-store";
    set beresp.http.Retry-After = "1";
    set beresp.body = {"{"type":"about:blank","title":"Service Unavailable","status":503}"};
}
