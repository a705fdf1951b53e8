/* SPDX-License-Identifier: Apache-2.0 */
/* HTTPS: versions, the same strictness behind the TLS, certificates that change while connections
 * stand. */
#include "export_rig.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#define LOCAL "127.0.0.1:0"
#define GET "GET /metrics HTTP/1.1\r\nHost: a\r\n"

static int setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	rig_init(r);
	rig_sensor_start(r, 0666);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	rig_done(*state);
	free(*state);
	return 0;
}

/* As a careful hand does it: a new file, renamed over the old one. The unprivileged exporter must
 * be able to read it again. */
static void write_file(const struct rig *r, const char *name, const gnutls_datum_t *d)
{
	char path[128], fresh[140];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	(void)snprintf(fresh, sizeof(fresh), "%s.new", path);
	f = fopen(fresh, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(d->data, 1, d->size, f), d->size);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(fresh, 0644), 0);
	assert_int_equal(rename(fresh, path), 0);
}

enum { WRITE_CERT = 1, WRITE_KEY = 2 };

/* A certificate signed by its own key, with `serial` to know it by; both files or one of them. */
static void make_pair(const struct rig *r, unsigned char serial, int what)
{
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
	gnutls_datum_t pem;
	time_t now = time(NULL);

	assert_int_equal(gnutls_x509_privkey_init(&key), 0);
	assert_int_equal(gnutls_x509_privkey_generate(key, GNUTLS_PK_EDDSA_ED25519, 256, 0), 0);
	assert_int_equal(gnutls_x509_crt_init(&crt), 0);
	assert_int_equal(gnutls_x509_crt_set_version(crt, 3), 0);
	assert_int_equal(gnutls_x509_crt_set_key(crt, key), 0);
	assert_int_equal(gnutls_x509_crt_set_serial(crt, &serial, 1), 0);
	assert_int_equal(gnutls_x509_crt_set_dn(crt, "CN=localhost", NULL), 0);
	assert_int_equal(gnutls_x509_crt_set_activation_time(crt, now - 60), 0);
	assert_int_equal(gnutls_x509_crt_set_expiration_time(crt, now + 3600 + serial), 0);
	assert_int_equal(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA512, 0), 0);
	if (what & WRITE_CERT) {
		assert_int_equal(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem), 0);
		write_file(r, "cert.pem", &pem);
		gnutls_free(pem.data);
	}
	if (what & WRITE_KEY) {
		assert_int_equal(gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
								   GNUTLS_PKCS_PLAIN, &pem),
				 0);
		write_file(r, "key.pem", &pem);
		gnutls_free(pem.data);
	}
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
}

struct client {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	int fd, serial;
};

/* A handshake in these versions; false: refused. */
static bool client_open(struct client *c, const struct rig *r, const char *versions)
{
	const gnutls_datum_t *chain;
	gnutls_x509_crt_t crt;
	unsigned int n;
	unsigned char serial[20];
	size_t serial_n = sizeof(serial);
	int err;

	*c = (struct client){.fd = rig_connect(r), .serial = -1};
	assert_int_equal(gnutls_certificate_allocate_credentials(&c->credentials), 0);
	assert_int_equal(gnutls_init(&c->session, GNUTLS_CLIENT), 0);
	assert_int_equal(gnutls_priority_set_direct(c->session, versions, NULL), 0);
	assert_int_equal(gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE, c->credentials),
			 0);
	gnutls_transport_set_int(c->session, c->fd);
	gnutls_handshake_set_timeout(c->session, 5000);
	do {
		err = gnutls_handshake(c->session);
	} while (err < 0 && !gnutls_error_is_fatal(err));
	if (err < 0)
		return false;
	chain = gnutls_certificate_get_peers(c->session, &n);
	assert_non_null(chain);
	assert_int_equal(gnutls_x509_crt_init(&crt), 0);
	assert_int_equal(gnutls_x509_crt_import(crt, chain, GNUTLS_X509_FMT_DER), 0);
	assert_int_equal(gnutls_x509_crt_get_serial(crt, serial, &serial_n), 0);
	c->serial = serial[serial_n - 1];
	gnutls_x509_crt_deinit(crt);
	return true;
}

static void client_close(struct client *c)
{
	gnutls_deinit(c->session);
	gnutls_certificate_free_credentials(c->credentials);
	close(c->fd);
}

static int client_say(struct client *c, const char *text, struct buf *b)
{
	const char *body = NULL;

	buf__clear(b);
	assert_int_equal(gnutls_record_send(c->session, text, strlen(text)), strlen(text));
	while (!body || b->len < (size_t)(body - b->data) + rig_length(b->data)) {
		char part[16384];
		ssize_t n = gnutls_record_recv(c->session, part, sizeof(part));

		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			continue;
		if (n <= 0)
			return 0;
		buf__add(b, part, (size_t)n);
		body = strstr(b->data, "\r\n\r\n");
		body = body ? body + 4 : NULL;
	}
	return (int)strtol(b->data + strlen("HTTP/1.1 "), NULL, 10);
}

#define TLS13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS11 "NORMAL:-VERS-ALL:+VERS-TLS1.1"

static void start_secure(struct rig *r, const char *more)
{
	char text[400];

	(void)snprintf(text, sizeof(text),
		       "export:\n  tls_certificate: %s/cert.pem\n  tls_key: %s/key.pem\n%s", r->dir,
		       r->dir, more);
	rig_config(r, text);
	make_pair(r, 1, WRITE_CERT | WRITE_KEY);
	/* with TLS the network may be served */
	assert_true(rig_start(r, "0.0.0.0:0", HTTP_LIMITS));
}

static void test_versions(void **state)
{
	struct rig *r = *state;
	cleanup_buf struct buf b = BUF_INIT;
	struct client c;

	start_secure(r, "");
	assert_true(client_open(&c, r, TLS13));
	assert_int_equal(gnutls_protocol_get_version(c.session), GNUTLS_TLS1_3);
	assert_int_equal(client_say(&c, GET "\r\n", &b), 200);
	assert_non_null(strstr(b.data, "\naeo_exec_total{cgroup=\"/asked\"} 1\n"));
	assert_non_null(strstr(b.data, "\naeo_export_certificate_expiry_timestamp_seconds "));
	assert_null(strstr(b.data, "\naeo_export_certificate_expiry_timestamp_seconds 0\n"));
	client_close(&c);
	assert_false(client_open(&c, r, TLS12));
	client_close(&c);
	assert_int_equal(rig_end(r), 0);
	start_secure(r, "  tls_least: \"1.2\"\n");
	assert_true(client_open(&c, r, TLS12));
	assert_int_equal(client_say(&c, GET "\r\n", &b), 200);
	client_close(&c);
	assert_true(client_open(&c, r, TLS13));
	client_close(&c);
	assert_false(client_open(&c, r, TLS11));
	client_close(&c);
}

static void test_strict(void **state)
{
	static const struct {
		const char *text;
		int status;
	} rows[] = {
		{GET "\r\n", 200},
		{GET "X: a\n\r\n", 400},
		{GET "X: a\r\n b\r\n\r\n", 400},
		{GET "Content-Length: 3\r\n\r\nabc", 413},
	};
	struct rig *r = *state;
	cleanup_buf struct buf b = BUF_INIT;

	start_secure(r, "");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct client c;

		assert_true(client_open(&c, r, TLS13));
		assert_int_equal(client_say(&c, rows[i].text, &b), rows[i].status);
		client_close(&c);
	}
}

/* Talking no TLS, or not at all, ends with the time for a head. */
static void test_no_handshake(void **state)
{
	struct rig *r = *state;
	struct client c;
	char text[512];
	int fd[2];

	start_secure(r, "");
	assert_int_equal(rig_end(r), 0);
	assert_true(rig_start(r, LOCAL, ((struct http_limits){1, 30, 60})));
	fd[0] = rig_connect(r);
	fd[1] = rig_connect(r);
	(void)send(fd[1], GET "\r\n", strlen(GET "\r\n"), 0);
	for (int i = 0; i < 2; i++) {
		struct pollfd p = {fd[i], POLLIN, 0};

		assert_int_equal(poll(&p, 1, 4000), 1);
		assert_true(read(fd[i], text, sizeof(text)) <= 128);
		close(fd[i]);
	}
	assert_true(client_open(&c, r, TLS13));
	client_close(&c);
}

static void test_reload(void **state)
{
	struct rig *r = *state;
	cleanup_buf struct buf b = BUF_INIT;
	struct client old, c;

	start_secure(r, "");
	assert_true(client_open(&old, r, TLS13));
	assert_int_equal(old.serial, 1);
	/* half of a new pair changes nothing */
	make_pair(r, 2, WRITE_CERT);
	assert_int_equal(kill(r->pid, SIGHUP), 0);
	assert_true(rig_hears(r, "does not belong to the certificate", 2000));
	assert_true(client_open(&c, r, TLS13));
	assert_int_equal(c.serial, 1);
	client_close(&c);
	/* the whole of it is taken, and the old connection stays */
	make_pair(r, 3, WRITE_CERT | WRITE_KEY);
	assert_int_equal(kill(r->pid, SIGHUP), 0);
	assert_true(rig_hears(r, "the certificate was read again", 2000));
	assert_true(client_open(&c, r, TLS13));
	assert_int_equal(c.serial, 3);
	client_close(&c);
	assert_int_equal(client_say(&old, GET "\r\n", &b), 200);
	assert_non_null(strstr(b.data, "\naeo_export_certificate_failures_total 1\n"));
	/* without a signal, too */
	make_pair(r, 4, WRITE_CERT | WRITE_KEY);
	for (int i = 0; i < 70; i++) {
		(void)usleep(100000);
		assert_true(client_open(&c, r, TLS13));
		client_close(&c);
		if (c.serial == 4)
			break;
	}
	assert_int_equal(c.serial, 4);
	assert_int_equal(client_say(&old, GET "\r\n", &b), 200);
	client_close(&old);
	assert_int_equal(rig_end(r), 0);
}

static void test_unusable(void **state)
{
	struct rig *r = *state;
	gnutls_datum_t junk = {
		(unsigned char
			 *)(uintptr_t) "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		0};
	char text[400];

	(void)snprintf(text, sizeof(text),
		       "export:\n  tls_certificate: %s/cert.pem\n  tls_key: %s/key.pem\n", r->dir,
		       r->dir);
	rig_config(r, text);
	assert_false(rig_start(r, LOCAL, HTTP_LIMITS));
	assert_int_equal(rig_wait(r), EXPORT_CONFIG);
	assert_non_null(strstr(r->said.data, "cert.pem: No such file"));
	junk.size = (unsigned int)strlen((char *)junk.data);
	make_pair(r, 1, WRITE_KEY);
	write_file(r, "cert.pem", &junk);
	assert_false(rig_start(r, LOCAL, HTTP_LIMITS));
	assert_int_equal(rig_wait(r), EXPORT_CONFIG);
	make_pair(r, 1, WRITE_CERT);
	assert_false(rig_start(r, LOCAL, HTTP_LIMITS));
	assert_int_equal(rig_wait(r), EXPORT_CONFIG);
	assert_non_null(strstr(r->said.data, "does not belong"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_versions), TEST(test_strict),	  TEST(test_no_handshake),
		TEST(test_reload),   TEST(test_unusable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
