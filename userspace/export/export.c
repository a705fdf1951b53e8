/* SPDX-License-Identifier: Apache-2.0 */
#include "export.h"

#include <signal.h>

#include "door.h"
#include "drop.h"
#include "http.h"
#include "log.h"
#include "loop.h"
#include "self.h"
#include "source.h"
#include "tls.h"

#define CERTIFICATE_MS 5000 /* how often the certificate's files are looked at */

struct running {
	struct exporter *e;
	struct loop *loop;
	struct tls *tls;
	struct source *source;
	struct http *http;
	struct self self;
	bool was_root;
	int code;
};

static bool is_set(const struct conf *c, enum conf_id id)
{
	return *conf__string(c, id) != '\0';
}

static void reload_tls(struct running *r, bool always)
{
	cleanup_buf struct buf why = BUF_INIT;
	int err = tls__reload(r->tls, always, &why);

	if (err > 0)
		log_notice("the certificate was read again: new connections get it");
	if (err >= 0)
		return;
	r->self.value[SELF_reload_failures]++;
	log_error("%s; the certificate in use stays",
		  why.failed || !why.len ? strerror(-err) : why.data);
}

static void on_certificate(void *arg)
{
	reload_tls(arg, false);
}

void exporter__log(const struct conf *c)
{
	static const char *const names[] = {
		[LOG_ERROR] = "error", [LOG_WARN] = "warning", [LOG_NOTICE] = "notice",
		[LOG_INFO] = "info",   [LOG_DEBUG] = "debug",
	};
	enum log_level level = LOG_DEBUG;

	while (level > LOG_ERROR && strcmp(names[level], conf__string(c, CONF_log_level)))
		level--;
	log__init("aeo-export", level);
}

static void on_hangup(void *arg)
{
	struct running *r = arg;
	struct conf *now = r->e->conf, *next = conf__new();
	cleanup_buf struct buf said = BUF_INIT, restart = BUF_INIT;
	int err = next ? conf__read(next, r->e->args->config, &said) : -ENOMEM;

	if (err && (err != -ENOENT || r->e->args->config_named)) {
		log_error("%s; the configuration in use stays",
			  said.len ? said.data : strerror(-err));
		conf__free(next);
		return;
	}
	(void)conf__reload(now, next, &restart);
	conf__free(next);
	exporter__log(now);
	for (char *name = restart.data; name && *name;) {
		size_t n = strcspn(name, "\n");

		if (!strncmp(name, "export.", 7))
			log_warn("%.*s takes effect at the next start", (int)n, name);
		name += n + (name[n] == '\n');
	}
	if (!r->tls) {
		if (is_set(now, CONF_export_tls_cert))
			log_warn("export.tls_certificate: TLS begins at the next start");
		return;
	}
	if (is_set(now, CONF_export_tls_cert) && is_set(now, CONF_export_tls_key))
		(void)tls__paths(r->tls, conf__string(now, CONF_export_tls_cert),
				 conf__string(now, CONF_export_tls_key));
	else
		log_warn("export.tls_certificate: TLS ends at the next start");
	reload_tls(r, true);
}

static void on_end(void *arg)
{
	struct running *r = arg;

	loop__stop(r->loop);
}

static void on_leash(void *arg, int events)
{
	struct running *r = arg;
	char skipped[512];
	ssize_t n = read(r->e->leash, skipped, sizeof(skipped));

	(void)events;
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	log_info("the supervisor is gone");
	loop__stop(r->loop);
}

static void on_locked_out(void *arg)
{
	struct running *r = arg;

	if (!r->was_root)
		return;
	log_notice(
		"the sensor is back, but its socket is root's: ending, to be started again as root");
	r->code = EXPORT_LOCKED_OUT;
	loop__stop(r->loop);
}

/* Where to listen, and whether that is allowed. */
static int choose_door(const struct exporter *e, struct door *d)
{
	const char *where = e->listen ? e->listen : conf__string(e->conf, CONF_export_listen);
	bool secure = is_set(e->conf, CONF_export_tls_cert);

	if (secure != is_set(e->conf, CONF_export_tls_key)) {
		log_error(
			"export.tls_certificate and export.tls_key go together: one of them is missing");
		return -EINVAL;
	}
	if (door__parse(where, d)) {
		log_error(
			"cannot listen on %s: expected ADDRESS:PORT, as in 127.0.0.1:10942 or [::1]:10942",
			where);
		return -EINVAL;
	}
	if (!d->loopback && !secure && !conf__uint(e->conf, CONF_export_insecure)) {
		log_error(
			"refusing to serve %s without TLS: anybody on the network could read what runs here. Set "
			"export.tls_certificate and export.tls_key, or export.insecure: true, or listen on 127.0.0.1",
			where);
		return -EINVAL;
	}
	return 0;
}

static int open_door(const struct exporter *e, const struct door *d)
{
	const char *where = e->listen ? e->listen : conf__string(e->conf, CONF_export_listen);
	int fd = door__open(d);

	if (fd == -EADDRINUSE)
		log_error(
			"cannot listen on %s: another program has this port (ss -ltnp shows which); "
			"export.listen or --listen chooses another one",
			where);
	else if (fd < 0)
		log_error("cannot listen on %s: %s", where, strerror(-fd));
	return fd;
}

static int load_tls(struct running *r)
{
	cleanup_buf struct buf why = BUF_INIT;
	const struct conf *c = r->e->conf;

	if (!is_set(c, CONF_export_tls_cert))
		return 0;
	r->tls = tls__new(conf__string(c, CONF_export_tls_cert),
			  conf__string(c, CONF_export_tls_key), &why);
	if (!r->tls)
		log_error("%s", why.len ? why.data : strerror(errno));
	return r->tls ? 0 : -EINVAL;
}

/* The last things done with root's rights are behind us; nothing that comes from outside was looked at. */
static int drop(struct running *r)
{
	cleanup_buf struct buf why = BUF_INIT;
	int err;

	r->was_root = !geteuid();
	err = drop__rights(&why);
	if (err)
		log_error("cannot give up root's rights: %s", why.len ? why.data : strerror(-err));
	return err;
}

static bool watch_all(struct running *r)
{
	bool ok = loop__signal(r->loop, SIGTERM, on_end, r) &&
		  loop__signal(r->loop, SIGINT, on_end, r) &&
		  loop__signal(r->loop, SIGHUP, on_hangup, r);

	if (ok && r->e->leash >= 0)
		ok = loop__fd(r->loop, r->e->leash, LOOP_READ, on_leash, r);
	if (ok && r->tls)
		ok = loop__timer(r->loop, CERTIFICATE_MS, CERTIFICATE_MS, on_certificate, r);
	return ok;
}

static int serve(struct running *r, int listen_fd)
{
	unsigned int port = door__port(listen_fd);
	bool tls12 = conf__uint(r->e->conf, CONF_export_tls_least) == 1;

	r->http = http__new(r->loop, listen_fd, r->tls, tls12, r->source, &r->self, r->e->limits);
	if (!r->http) {
		log_error("cannot start the HTTP server: %s", strerror(errno));
		return 1;
	}
	log_info("serving http%s on port %u", r->tls ? "s" : "", port);
	if (loop__run(r->loop))
		return 1;
	return r->code;
}

static int start(struct running *r, const struct door *d)
{
	char path[256];
	int fd;

	if (!args__path(r->e->args, "aeod.sock", path, sizeof(path))) {
		log_error("--run-dir is too long");
		return EXPORT_CONFIG;
	}
	fd = open_door(r->e, d);
	if (fd < 0)
		return 1;
	r->loop = loop__new();
	if (!r->loop || !watch_all(r))
		return 1;
	r->source = source__new(r->loop, path, on_locked_out, r);
	if (!r->source) {
		log_error("%s: %s", path, strerror(errno));
		return 1;
	}
	return drop(r) ? 1 : serve(r, fd);
}

int exporter__run(struct exporter *e)
{
	struct running r = {.e = e};
	struct door d;
	int code = EXPORT_CONFIG;

	if (!e->listen && !is_set(e->conf, CONF_export_listen)) {
		log_notice("export.listen is empty: nothing is served");
		return 0;
	}
	if (!choose_door(e, &d) && !load_tls(&r))
		code = start(&r, &d);
	source__free(r.source);
	http__free(r.http);
	tls__free(r.tls);
	loop__free(r.loop);
	return code;
}
