vcl 4.1;

# Varnish 7.1 in front of Strata; xkey, var and vsthrottle are of varnish-modules. Start varnishd with
#   -p http_gzip_support=off   the nodes compress, each encoding with a strong ETag of its own, which Varnish would weaken
#   -p http_req_hdr_len=16k   as long as the nodes take a line of a request: a token with many groups has more than Varnish's 8k
#   -p timeout_idle=65s       longer than pools of clients keep a connection
#   -p default_ttl=0 -p default_grace=0   what says nothing about freshness has none
#   -p vsl_mask=…            as docker/compose.yaml has it: writing each header into varnishlog is a quarter of what a hit costs

import directors;
import std;
import var;
import vsthrottle;
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

# For writes. On a connection that was used before, Varnish sends a request again when the node closes without a response, and nobody knows
# what that node has done. So each write has a connection of its own: the empty line before the request, which HTTP ignores, gives
# these a pool of their own, and `Connection: close` keeps it empty.
backend write_1 { .host = "strata-1"; .port = "3000"; .preamble = :DQo=:; .probe = ready; .connect_timeout = 1s; .first_byte_timeout = 35s; }
backend write_2 { .host = "strata-2"; .port = "3000"; .preamble = :DQo=:; .probe = ready; .connect_timeout = 1s; .first_byte_timeout = 35s; }

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
    new write_nodes = directors.round_robin();
    write_nodes.add_backend(write_1);
    write_nodes.add_backend(write_2);
    new nodes = directors.fallback();
    nodes.add_backend(ready_nodes.backend());
    nodes.add_backend(any_node.backend());
}

sub vcl_recv {
    set req.backend_hint = nodes.backend();
    if (req.method != "GET" && req.method != "HEAD" && req.method != "OPTIONS") {
        set req.backend_hint = write_nodes.backend();
    }
    if (req.restarts == 0) {
        unset req.http.X-Edge-Use;
        unset req.http.X-Edge-Within;
        unset req.http.X-Edge-Did;
        # The nodes' own rule: an id that may stand in a log.
        if (!req.http.X-Request-Id || req.http.X-Request-Id !~ "^[\w.-]{1,64}$") {
            set req.http.X-Request-Id = "varnish-" + std.integer(time=now) + "-" + req.xid;
        }
    } else if (req.http.X-Edge-Use == "fresh") {
        set req.grace = std.duration(req.http.X-Edge-Within, 0s);
    }

    if (req.method == "PURGE") {
        call purge;
    }
    call refuse;
    # Who names themselves by a cookie, and what a node has to judge: conditions, a token of the clock (Cache-Token).
    if ((req.method != "GET" && req.method != "HEAD") || req.http.Cookie || req.http.If-Match || req.http.If-Unmodified-Since
        || req.http.Cache-Token) {
        return (pass);
    }

    # A range of another unit, or of none, is no range (RFC 9110 §14.2). Varnish takes several for one that cannot be had.
    if (req.http.Range && req.http.Range !~ "^bytes=(\d+-\d*|-\d+)$") {
        unset req.http.Range;
    }
    # Three spellings instead of hundreds: answers vary by it.
    if (!req.http.Accept-Encoding || req.http.Accept-Encoding == "br" || req.http.Accept-Encoding == "gzip") {
        # As it is.
    } else if (req.http.Accept-Encoding ~ "(?i)(^|[ ,])br(?! *; *q=0(\.0*)? *(,|$))") {
        set req.http.Accept-Encoding = "br";
    } else if (req.http.Accept-Encoding ~ "(?i)(^|[ ,])gzip(?! *; *q=0(\.0*)? *(,|$))") {
        set req.http.Accept-Encoding = "gzip";
    } else {
        unset req.http.Accept-Encoding;
    }
    return (hash);
}

sub refuse {
    # A read has no body. Whoever announces one wants two servers to disagree about where the next request begins.
    if ((req.http.Transfer-Encoding || req.http.Content-Length ~ "[1-9]") && req.method ~ "^(GET|HEAD|OPTIONS|TRACE)$") {
        return (synth(400));
    }
    if (req.method == "TRACE" || req.method == "CONNECT") {
        return (synth(405));
    }
    # The nodes' limits, 64 kB and 4 MB for a batch. A node that refuses a body closes the connection, and Varnish, which is still sending,
    # would make a 503 of it.
    if (req.http.Content-Length && std.integer(req.http.Content-Length, 0) > 65536
        && (std.integer(req.http.Content-Length, 0) > 4194304 || req.url !~ "^/api/products/batch/?(\?|$)")) {
        return (synth(413));
    }
    # A request names a path (RFC 9112 §3.2). A node finds one behind `https://host` too, and before a `#`: what is closed below would not be.
    if (req.url !~ "^(/[^#]*|\*)$") {
        return (synth(400));
    }
    # Closed to the outside; nor may another spelling lead there. To open one: put `client.ip !~ inside` before it, with an acl of yours.
    if (req.url ~ "^/(metrics|console|docs[^/?]*|health|api/cache)(/|\?|$)") {
        return (synth(403));
    }
    if (req.url ~ "^[^?]*%[2-7][0-9A-Fa-f]") {
        return (synth(400));
    }
}

# PURGE with `xkey-purge: tag tag …`. What is asked for from now on has to know what the purger knew (Cache-Token). What was asked for
# before and is still on its way may be older: vcl_deliver drops it, if it carries a tag of a purge that came meanwhile.
sub purge {
    if (client.ip !~ purgers) {
        return (synth(403));
    }
    if (!req.http.xkey-purge) {
        return (synth(400));
    }
    if (req.http.Cache-Token ~ "^[\w-]{1,64}\.\d{1,15}$") {
        # Of two purges of one epoch the later tick counts, in whichever order they came.
        if (regsub(req.http.Cache-Token, "\.\d+$", "") != regsub(var.global_get("token"), "\.\d+$", "")
            || std.integer(regsub(req.http.Cache-Token, "^.*\.", ""), 0) > std.integer(regsub(var.global_get("token"), "^.*\.", ""), 0)) {
            var.global_set("token", req.http.Cache-Token);
        }
    }
    # The numbered purges of two spans of two seconds or 8 kB. First the text, then the number, then the purge: who finds the old number
    # is in the cache already, where this purge finds them.
    if (now - std.time(var.global_get("span_began"), now - 1h) > 2s || var.global_get("purges") ~ "^.{8000}") {
        var.global_set("purges_before", var.global_get("purges"));
        var.global_set("purges", "");
        var.global_set("span_began", std.time2real(now, 0.0));
    }
    set req.http.X-Edge-Seen = std.integer(var.global_get("purge"), 0) + 1;
    var.global_set("purges", var.global_get("purges") + " ;" + req.http.X-Edge-Seen + " " + req.http.xkey-purge);
    var.global_set("purge", req.http.X-Edge-Seen);
    set req.http.X-Purged = xkey.purge(req.http.xkey-purge);
    return (synth(200));
}

sub vcl_hash {
    # The answer is the same under any host name: links are paths, or start with PUBLIC_URL.
    hash_data(req.url);
    return (lookup);
}

sub vcl_hit {
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
    set req.http.X-Edge-Seen = var.global_get("purge");
    # Who says who they are may be given what is kept for everybody (Vary keeps them from all else); what they get is not kept.
    if (req.http.Authorization) {
        return (pass);
    }
    call limit;
    return (fetch);
}

sub vcl_pass {
    set req.http.X-Edge-Did = "fwd=bypass";
    if (req.method == "GET" || req.method == "HEAD") {
        call limit;
    }
    return (fetch);
}

# What one client may read at the nodes; writes are limited by the nodes themselves.
sub limit {
    if (vsthrottle.is_denied("reads " + client.ip, 1000, 2s)) {
        return (synth(429));
    }
}

sub vcl_backend_fetch {
    if (bereq.is_bgfetch) {
        set bereq.http.X-Edge-Seen = var.global_get("purge");
    }
    unset bereq.http.X-Edge-Did;
    if (bereq.method !~ "^(GET|HEAD|OPTIONS)$") {
        set bereq.http.Connection = "close";
    }
    unset bereq.http.X-Edge-Within;
    if (!bereq.http.Cache-Token && var.global_get("token")) {
        set bereq.http.Cache-Token = var.global_get("token");
    }
    return (fetch);
}

sub vcl_backend_response {
    # There is something older to answer with.
    if (beresp.status >= 500 && (bereq.is_bgfetch || bereq.http.X-Edge-Use == "fresh")) {
        return (abandon);
    }
    # What clients get is computed here, once, and not at every hit.
    # RFC 9211: what the node said, with room for what is done here.
    set beresp.http.Cache-Status = regsub(regsub(beresp.http.Cache-Status, "(, )?varnish; $", ""), "(.)$", "\1, ") + "varnish; ";
    # RFC 9213: what is said to edges alone comes first. Purges reach this cache and none behind it, so it ends here; the nodes write it last.
    set bereq.http.X-Edge-Rule = beresp.http.Cache-Control;
    set bereq.http.X-Edge-CDN = beresp.http.CDN-Cache-Control;
    set bereq.http.X-Edge-Expires = beresp.http.X-Accel-Expires;
    if (beresp.http.Cache-Control ~ "(?i)s-maxage=") {
        set beresp.http.Cache-Control = regsub(beresp.http.Cache-Control, "(?i),? *s-maxage=.*$", "");
    }
    if (beresp.http.CDN-Cache-Control !~ "(?i)(private|no-store|no-cache)") {
        unset beresp.http.CDN-Cache-Control;
    }
    unset beresp.http.X-Accel-Expires;
    if (bereq.uncacheable) {
        return (deliver);
    }
    unset beresp.http.X-Request-Id;
    # A 304 brings what an earlier response was given here.
    unset beresp.http.X-Edge-Within;
    set beresp.grace = 0s;
    # How long it is there to be revalidated (304), and no longer to be served.
    set beresp.keep = 10m;
    # A write drops the response of its own URL, whatever else the node's purge drops (RFC 9111 §4.4).
    if (beresp.http.xkey !~ "(^| )url:") {
        set beresp.http.xkey = beresp.http.xkey + " url:" + bereq.url;
    }

    if (bereq.http.X-Edge-CDN != "") {
        set bereq.http.X-Edge-Rule = bereq.http.X-Edge-CDN;
        set beresp.ttl = std.duration(regsub(bereq.http.X-Edge-Rule, "(?i)^(.*[ ,])?max-age=(\d+).*$", "\2s"), 0s)
            - std.duration(beresp.http.Age + "s", 0s);
    } else {
        # Varnish has its own list of statuses that may be kept; a response that says how long may be kept with any.
        if (beresp.ttl <= 0s && beresp.status != 206 && bereq.http.X-Edge-Rule ~ "(?i)(^|[ ,])(s-maxage|max-age)=\d") {
            set beresp.ttl = std.duration(regsub(bereq.http.X-Edge-Rule, "(?i)^(.*[ ,])?s-maxage=(\d+).*$", "\2s"),
                std.duration(regsub(bereq.http.X-Edge-Rule, "(?i)^(.*[ ,])?max-age=(\d+).*$", "\2s"), 0s))
                - std.duration(beresp.http.Age + "s", 0s);
        }
    }
    if (bereq.http.X-Edge-Rule ~ "(?i)(private|no-store|no-cache)"
        || beresp.http.Set-Cookie || beresp.http.Vary ~ "\*" || bereq.http.X-Edge-Expires == "0") {
        set beresp.ttl = 0s;
    }
    if (beresp.ttl <= 0s) {
        # Others who want it need not queue up behind each other for a while.
        set beresp.ttl = 10s;
        set beresp.uncacheable = true;
        return (deliver);
    }
    # Law 1 at the edge: with what was purged since this was asked for, it is compared in vcl_deliver. Nothing is delivered of a refresh.
    if (bereq.is_bgfetch && std.integer(bereq.http.X-Edge-Seen, 0) != std.integer(var.global_get("purge"), 0)) {
        return (abandon);
    }
    # How this response came here, without the time that was left then.
    set beresp.http.Cache-Status = regsuball(beresp.http.Cache-Status, "; ttl=-?\d+", "");
    if (bereq.http.X-Edge-Rule ~ "(?i)stale-while-revalidate=\d") {
        set beresp.http.X-Edge-Within = regsub(bereq.http.X-Edge-Rule, "(?i)^.*stale-while-revalidate=(\d+).*$", "\1s");
        set beresp.grace = std.duration(beresp.http.X-Edge-Within, 0s);
    }
    if (bereq.http.X-Edge-Rule ~ "(?i)stale-if-error=\d") {
        set bereq.http.X-Edge-Error = regsub(bereq.http.X-Edge-Rule, "(?i)^.*stale-if-error=(\d+).*$", "\1s");
        if (std.duration(bereq.http.X-Edge-Error, 0s) > beresp.grace) {
            set beresp.grace = std.duration(bereq.http.X-Edge-Error, 0s);
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
    if (req.method != "GET" && req.method != "HEAD" && req.method != "OPTIONS" && resp.status < 400) {
        set req.http.X-Purged = xkey.purge("url:" + req.url);
    }
    if (obj.hits > 0) {
        set resp.http.Cache-Status = resp.http.Cache-Status + "hit; ttl=" + std.integer(duration=obj.ttl);
        set resp.http.X-Cache = "HIT";
        if (obj.ttl < 0s) {
            set resp.http.Cache-Status = resp.http.Cache-Status + "; detail=stale";
            set resp.http.X-Cache = "STALE";
        }
    } else {
        if (req.http.X-Edge-Did == "fwd=uri-miss" && !obj.uncacheable) {
            set req.http.X-Edge-Did = "fwd=uri-miss; stored";
            # It is in the cache by now, so each purge has either seen it or come before, and then it is done again: from the first one that
            # this response cannot know. That drops nothing else but what carries the same tags. Of a purge that is forgotten nobody knows
            # the tags, so this response goes.
            if (std.integer(req.http.X-Edge-Seen, 0) != std.integer(var.global_get("purge"), 0)) {
                set req.http.X-Edge-Since = " ;" + (std.integer(req.http.X-Edge-Seen, 0) + 1) + " ";
                set req.http.X-Edge-Since = std.strstr(var.global_get("purges_before") + var.global_get("purges"), req.http.X-Edge-Since);
                if (req.http.X-Edge-Since == "") {
                    set req.http.X-Edge-Since = "url:" + req.url;
                }
                set req.http.X-Purged = xkey.purge(req.http.X-Edge-Since);
            }
        }
        set resp.http.Cache-Status = resp.http.Cache-Status + req.http.X-Edge-Did;
    }
    # Without Last-Modified there is nothing to compare with that date; Varnish would take its own.
    if (req.http.If-Modified-Since && !resp.http.Last-Modified) {
        unset req.http.If-Modified-Since;
    }
    # Varnish compares one tag with one tag. RFC 9110 §13.1.2 has lists, and a star.
    if (req.http.If-None-Match && resp.http.ETag && (req.method == "GET" || req.method == "HEAD")
        && (req.http.If-None-Match == "*" || std.strstr(req.http.If-None-Match, resp.http.ETag))) {
        set req.http.If-None-Match = resp.http.ETag;
    }
    set resp.http.X-Request-Id = req.http.X-Request-Id;
    unset resp.http.xkey;
    unset resp.http.X-Edge-Within;
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
    if (resp.status == 400) {
        set resp.http.Connection = "close";
    }
    if (resp.status == 429 || resp.status == 503) {
        set resp.http.Retry-After = "1";
    }
    set resp.http.Content-Type = "application/problem+json";
    set resp.http.Cache-Status = "varnish; fwd=bypass";
    set resp.body = {"{"type":"about:blank","title":""} + resp.reason + {"","status":"} + resp.status + "}";
    return (deliver);
}

sub problem_from_backend {
    set beresp.http.Content-Type = "application/problem+json";
    set beresp.http.Cache-Status = "varnish; ";
    set beresp.http.Cache-Control = "no-store";
    set beresp.http.Retry-After = "1";
    set beresp.body = {"{"type":"about:blank","title":"Service Unavailable","status":503}"};
}
