/* SPDX-License-Identifier: Apache-2.0 */
/* A real exporter in a child process, a sensor played by a thread, and a client that says any
 * bytes. */
#ifndef AEO_EXPORT_RIG_H
#define AEO_EXPORT_RIG_H

#include "testing.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "clock.h"
#include "export/export.h"
#include "log.h"
#include "metric.h"
#include "wire.h"

enum sensor_mode { SENSOR_GOOD, SENSOR_SILENT, SENSOR_GARBAGE, SENSOR_ERROR, SENSOR_NOFRAME };

struct rig {
	char dir[64], config[96], socket[96];
	pid_t pid;
	int leash, log; /* our ends */
	unsigned int port;
	struct buf said; /* what the exporter logged until it served */
	pthread_t sensor;
	int sensor_fd; /* listening; -1 no sensor */
	volatile enum sensor_mode mode;
	volatile uint64_t
		asked; /* questions so far; the snapshot shows it as aeo_exec_total{cgroup="/asked"} */
	volatile size_t series; /* of the snapshot, beside the empty families */
	pthread_mutex_t lock;
	int clients[16];
};

static inline void rig_snapshot(struct rig *r, struct buf *b)
{
	struct metrics *m = metrics__new(100000);
	char labels[160];

	metrics__set_cap(m, METRIC_exec, 100000);
	metrics__begin(m);
	metrics__add(m, METRIC_exec, "cgroup=\"/asked\"", (double)r->asked);
	for (size_t i = 0; i < r->series; i++) {
		(void)snprintf(labels, sizeof(labels), "cgroup=\"/%0120zu\"", i);
		metrics__add(m, METRIC_exec, labels, (double)i);
	}
	(void)metrics__end(m, b);
	metrics__free(m);
}

/* One answer. False: the connection ends. */
static inline bool rig_answer(struct rig *r, int fd)
{
	struct buf b = BUF_INIT;

	r->asked++;
	while (r->mode == SENSOR_SILENT)
		(void)usleep(10000);
	rig_snapshot(r, &b);
	if (r->mode == SENSOR_GOOD)
		(void)wire__send(fd, WIRE_OK, b.data, b.len);
	else if (r->mode == SENSOR_GARBAGE)
		(void)wire__send(fd, WIRE_OK, b.data, b.len - 1);
	else if (r->mode == SENSOR_ERROR)
		(void)wire__send(fd, WIRE_ERROR, "no", 2);
	else
		(void)send(fd, "HTTP/1.1 200 OK\r\n\r\n", 19, MSG_NOSIGNAL);
	buf__done(&b);
	return true;
}

static inline void *rig_client(void *arg)
{
	struct rig *r = ((void **)arg)[0];
	int fd = (int)(intptr_t)((void **)arg)[1];
	cleanup_buf struct buf b = BUF_INIT;
	enum wire_kind kind;

	free(arg);
	while (!wire__recv(fd, &b, -1, &kind) && rig_answer(r, fd))
		;
	close(fd);
	return NULL;
}

static inline void *rig_sensor(void *arg)
{
	struct rig *r = arg;
	int fd, at = 0;

	while ((fd = accept4(r->sensor_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		pthread_t t;
		void **both = calloc(2, sizeof(*both));

		both[0] = r;
		both[1] = (void *)(intptr_t)fd;
		r->clients[at++ % 16] = fd;
		assert_int_equal(pthread_create(&t, NULL, rig_client, both), 0);
		(void)pthread_detach(t);
	}
	return NULL;
}

static inline void rig_sensor_start(struct rig *r, mode_t mode)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", r->socket);
	(void)unlink(r->socket);
	r->sensor_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(r->sensor_fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(chmod(r->socket, mode), 0);
	assert_int_equal(listen(r->sensor_fd, 16), 0);
	memset(r->clients, -1, sizeof(r->clients));
	assert_int_equal(pthread_create(&r->sensor, NULL, rig_sensor, r), 0);
}

/* As after kill -9: the socket file stays. */
static inline void rig_sensor_stop(struct rig *r)
{
	if (r->sensor_fd < 0)
		return;
	(void)shutdown(r->sensor_fd, SHUT_RDWR);
	(void)pthread_join(r->sensor, NULL);
	close(r->sensor_fd);
	r->sensor_fd = -1;
	for (size_t i = 0; i < ARRAY_SIZE(r->clients); i++)
		if (r->clients[i] >= 0)
			(void)shutdown(r->clients[i], SHUT_RDWR);
}

static inline void rig_init(struct rig *r)
{
	*r = (struct rig){.sensor_fd = -1, .leash = -1, .log = -1};
	(void)snprintf(r->dir, sizeof(r->dir), "/tmp/aeo-export-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	assert_int_equal(chmod(r->dir, 0755), 0);
	(void)snprintf(r->config, sizeof(r->config), "%s/aeod.yaml", r->dir);
	(void)snprintf(r->socket, sizeof(r->socket), "%s/aeod.sock", r->dir);
}

static inline void rig_config(struct rig *r, const char *text)
{
	FILE *f = fopen(r->config, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static inline void rig_child(struct rig *r, const char *listen, struct http_limits limits,
			     int leash, int log)
{
	struct args args = ARGS_INIT;
	struct exporter e = {.args = &args,
			     .leash = leash,
			     .listen = listen,
			     .limits = limits,
			     .conf = conf__new()};
	cleanup_buf struct buf why = BUF_INIT;
	int code = EXPORT_CONFIG;

	(void)dup2(log, STDERR_FILENO);
	(void)signal(SIGPIPE, SIG_IGN);
	args.run_dir = r->dir;
	args.config = r->config;
	args.config_named = true;
	log__init("aeo-export", LOG_INFO);
	if (conf__read(e.conf, r->config, &why))
		log_error("%s", why.data);
	else
		code = exporter__run(&e);
	conf__free(e.conf);
	_exit(code);
}

/* Read what it logs until `what` or the end. */
static inline bool rig_hears(struct rig *r, const char *what, int timeout_ms)
{
	uint64_t until = clock__mono() + (uint64_t)timeout_ms * NS_PER_MS;

	while (!r->said.len || !strstr(r->said.data, what)) {
		struct pollfd p = {r->log, POLLIN, 0};
		char text[512];
		ssize_t n;

		if (clock__mono() > until || poll(&p, 1, 50) < 0)
			return false;
		if (!p.revents)
			continue;
		n = read(r->log, text, sizeof(text));
		if (n <= 0)
			return false;
		buf__add(&r->said, text, (size_t)n);
	}
	return true;
}

/* Start it and wait until it serves; false: it ended instead. */
static inline bool rig_start(struct rig *r, const char *listen, struct http_limits limits)
{
	int pair[2], log[2];
	const char *port;

	buf__clear(&r->said);
	if (r->leash >= 0)
		close(r->leash);
	if (r->log >= 0)
		close(r->log);
	if (access(r->config, F_OK))
		rig_config(r, "export:\n  insecure: false\n");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(pipe(log), 0);
	r->pid = fork();
	if (!r->pid) {
		close(pair[0]);
		rig_child(r, listen, limits, pair[1], log[1]);
	}
	close(pair[1]);
	close(log[1]);
	r->leash = pair[0];
	r->log = log[0];
	if (!rig_hears(r, " on port ", 5000))
		return false;
	while (!strchr(strstr(r->said.data, " on port "), '\n'))
		assert_true(rig_hears(r, "\n", 1000));
	port = strstr(r->said.data, " on port ") + strlen(" on port ");
	r->port = (unsigned int)strtoul(port, NULL, 10);
	return true;
}

static inline int rig_wait(struct rig *r)
{
	int status = -1;

	for (int i = 0; i < 500; i++) {
		if (waitpid(r->pid, &status, WNOHANG) == r->pid) {
			r->pid = 0;
			return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
		}
		(void)usleep(10000);
	}
	(void)kill(r->pid, SIGKILL);
	(void)waitpid(r->pid, &status, 0);
	r->pid = 0;
	return -SIGKILL;
}

static inline int rig_end(struct rig *r)
{
	(void)kill(r->pid, SIGTERM);
	return rig_wait(r);
}

static inline void rig_done(struct rig *r)
{
	cleanup_buf struct buf path = BUF_INIT;
	static const char *const files[] = {"aeod.yaml", "aeod.sock", "cert.pem", "key.pem"};

	if (r->pid)
		(void)rig_end(r);
	rig_sensor_stop(r);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		buf__clear(&path);
		buf__printf(&path, "%s/%s", r->dir, files[i]);
		(void)unlink(path.data);
	}
	(void)rmdir(r->dir);
	if (r->leash >= 0)
		close(r->leash);
	if (r->log >= 0)
		close(r->log);
	buf__done(&r->said);
}

static inline int rig_connect(const struct rig *r)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)r->port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static inline size_t rig_length(const char *answer)
{
	const char *at = strcasestr(answer, "\r\nContent-Length: ");

	return at ? strtoul(at + strlen("\r\nContent-Length: "), NULL, 10) : 0;
}

/* Read one answer (no body: of HEAD) into b. Its status, 0 when the connection ended or nothing
 * came in time. */
static inline int rig_read(int fd, struct buf *b, bool no_body, int timeout_ms)
{
	uint64_t until = clock__mono() + (uint64_t)timeout_ms * NS_PER_MS;
	const char *body = NULL;

	buf__clear(b);
	while (!body || b->len < (size_t)(body - b->data) + (no_body ? 0 : rig_length(b->data))) {
		struct pollfd p = {fd, POLLIN, 0};
		ssize_t n;

		if (clock__mono() > until)
			return 0;
		if (poll(&p, 1, 50) <= 0)
			continue;
		(void)buf__reserve(b, 65536);
		n = read(fd, b->data + b->len, 65536);
		if (n <= 0)
			return 0;
		b->len += (size_t)n;
		b->data[b->len] = '\0';
		body = strstr(b->data, "\r\n\r\n");
		body = body ? body + 4 : NULL;
	}
	return (int)strtol(b->data + strlen("HTTP/1.1 "), NULL, 10);
}

static inline int rig_say(int fd, const char *text, struct buf *b)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	return rig_read(fd, b, !strncmp(text, "HEAD", 4), 15000);
}

/* One request on a connection of its own. */
static inline int rig_get(const struct rig *r, const char *path, const char *fields, struct buf *b)
{
	cleanup_buf struct buf text = BUF_INIT;
	int fd = rig_connect(r), status;

	buf__printf(&text, "GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n", path, fields);
	status = rig_say(fd, text.data, b);
	close(fd);
	return status;
}

#endif
