/* SPDX-License-Identifier: Apache-2.0 */
#include "tls.h"

#include <fcntl.h>
#include <gnutls/x509.h>
#include <sys/stat.h>

#include "clock.h"

#define CHAIN_MAX 8u
#define FILE_LARGEST 262144
/* A handshake that began with a pair still uses it: its deadline is 10 s. */
#define KEEP_NS (60 * NS_PER_S)

/* A certificate chain and its key. */
struct pair {
	gnutls_pcert_st certs[CHAIN_MAX];
	unsigned int n;
	gnutls_privkey_t key;
	time_t expires;
	uint64_t replaced_ns;
	struct pair *older;
};

struct stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed;
};

struct tls {
	char *path[2];	       /* certificate, key */
	struct stamp stamp[2]; /* of the files when they were read last */
	struct pair *pair;     /* in use, then the older ones */
};

static struct tls *current;

static struct pair *pair_free(struct pair *p)
{
	if (!p)
		return NULL;
	for (unsigned int i = 0; i < p->n; i++)
		gnutls_pcert_deinit(&p->certs[i]);
	if (p->key)
		gnutls_privkey_deinit(p->key);
	free(p);
	return NULL;
}

static int say(struct buf *error, const char *path, const char *what, int err)
{
	buf__printf(error, "%s: %s", path, what);
	return err;
}

static int read_file(const char *path, struct buf *b, struct buf *error)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	ssize_t n = 1;

	if (fd < 0 || fstat(fd, &st))
		return say(error, path, strerror(errno), -errno);
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_LARGEST)
		return say(error, path, "not a file of at most 256 KiB", -EINVAL);
	while (n > 0 && b->len <= FILE_LARGEST) {
		if (buf__reserve(b, 16384))
			return say(error, path, strerror(ENOMEM), -ENOMEM);
		n = read(fd, b->data + b->len, 16384);
		b->len += n > 0 ? (size_t)n : 0;
	}
	return n < 0 ? say(error, path, strerror(errno), -errno) : 0;
}

static int load_chain(struct pair *p, const char *path, struct buf *error)
{
	cleanup_buf struct buf pem = BUF_INIT;
	gnutls_x509_crt_t list[CHAIN_MAX];
	unsigned int n = CHAIN_MAX;
	int err = read_file(path, &pem, error);
	gnutls_datum_t d = {(unsigned char *)pem.data, (unsigned int)pem.len};

	if (err)
		return err;
	err = gnutls_x509_crt_list_import(list, &n, &d, GNUTLS_X509_FMT_PEM,
					  GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
	if (err < 0 || !n)
		return say(error, path, err < 0 ? gnutls_strerror(err) : "no certificate in it",
			   -EINVAL);
	p->expires = gnutls_x509_crt_get_expiration_time(list[0]);
	for (unsigned int i = 0; i < n; i++) {
		if (err >= 0)
			err = gnutls_pcert_import_x509(&p->certs[i], list[i], 0);
		p->n += err >= 0;
		gnutls_x509_crt_deinit(list[i]);
	}
	return err < 0 ? say(error, path, gnutls_strerror(err), -EINVAL) : 0;
}

static int load_key(struct pair *p, const char *path, struct buf *error)
{
	cleanup_buf struct buf pem = BUF_INIT;
	int err = read_file(path, &pem, error);
	gnutls_datum_t d = {(unsigned char *)pem.data, (unsigned int)pem.len};

	if (err)
		return err;
	err = gnutls_privkey_init(&p->key);
	if (err >= 0)
		err = gnutls_privkey_import_x509_raw(p->key, &d, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (pem.data)
		explicit_bzero(pem.data, pem.cap);
	return err < 0 ? say(error, path, gnutls_strerror(err), -EINVAL) : 0;
}

/* While files are replaced one after the other, they do not belong together for a moment. */
static int match(const struct pair *p, const char *path, struct buf *error)
{
	unsigned char id[2][64];
	size_t n[2] = {sizeof(id[0]), sizeof(id[1])};
	gnutls_pubkey_t pub;
	int err = gnutls_pubkey_init(&pub);

	if (err < 0)
		return say(error, path, gnutls_strerror(err), -ENOMEM);
	err = gnutls_pubkey_import_privkey(pub, p->key, 0, 0);
	if (err >= 0)
		err = gnutls_pubkey_get_key_id(pub, GNUTLS_KEYID_USE_SHA256, id[0], &n[0]);
	if (err >= 0)
		err = gnutls_pubkey_get_key_id(p->certs[0].pubkey, GNUTLS_KEYID_USE_SHA256, id[1],
					       &n[1]);
	gnutls_pubkey_deinit(pub);
	if (err < 0)
		return say(error, path, gnutls_strerror(err), -EINVAL);
	if (n[0] != n[1] || memcmp(id[0], id[1], n[0]))
		return say(error, path, "the key does not belong to the certificate", -EINVAL);
	return 0;
}

static struct stamp stamp_of(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return (struct stamp){.ino = 0};
	return (struct stamp){st.st_dev, st.st_ino, st.st_size, st.st_ctim};
}

static bool is_same(const struct stamp *a, const struct stamp *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static int load(struct tls *t, struct buf *error)
{
	struct pair *p = calloc(1, sizeof(*p));
	int err = p ? load_chain(p, t->path[0], error) :
		      say(error, t->path[0], strerror(ENOMEM), -ENOMEM);

	if (!err)
		err = load_key(p, t->path[1], error);
	if (!err)
		err = match(p, t->path[1], error);
	if (err) {
		pair_free(p);
		return err;
	}
	if (t->pair)
		t->pair->replaced_ns = clock__boot();
	p->older = t->pair;
	t->pair = p;
	return 0;
}

static void forget_old(struct tls *t)
{
	struct pair **at = &t->pair->older;
	uint64_t now = clock__boot();

	while (*at) {
		struct pair *p = *at;

		if (now - p->replaced_ns > KEEP_NS) {
			*at = p->older;
			pair_free(p);
		} else {
			at = &p->older;
		}
	}
}

int tls__reload(struct tls *t, bool always, struct buf *ret_error)
{
	struct stamp now[2] = {stamp_of(t->path[0]), stamp_of(t->path[1])};
	int err;

	if (t->pair)
		forget_old(t);
	if (!always && is_same(&now[0], &t->stamp[0]) && is_same(&now[1], &t->stamp[1]))
		return 0;
	memcpy(t->stamp, now, sizeof(now));
	err = load(t, ret_error);
	return err ? err : 1;
}

int tls__paths(struct tls *t, const char *certificate, const char *key)
{
	char *c = strdup(certificate), *k = strdup(key);

	if (!c || !k) {
		free(c);
		free(k);
		return -ENOMEM;
	}
	free(t->path[0]);
	free(t->path[1]);
	t->path[0] = c;
	t->path[1] = k;
	return 0;
}

struct tls *tls__new(const char *certificate, const char *key, struct buf *ret_error)
{
	struct tls *t = calloc(1, sizeof(*t));
	int err = t ? tls__paths(t, certificate, key) : -ENOMEM;

	if (!err)
		err = tls__reload(t, true, ret_error);
	if (err < 0) {
		tls__free(t);
		errno = -err;
		return NULL;
	}
	current = t;
	return t;
}

struct tls *tls__free(struct tls *t)
{
	if (!t)
		return NULL;
	while (t->pair) {
		struct pair *older = t->pair->older;

		pair_free(t->pair);
		t->pair = older;
	}
	free(t->path[0]);
	free(t->path[1]);
	free(t);
	if (current == t)
		current = NULL;
	return NULL;
}

double tls__expires(const struct tls *t)
{
	return (double)t->pair->expires;
}

int tls__retrieve(gnutls_session_t session, const gnutls_datum_t *names, int n,
		  const gnutls_pk_algorithm_t *algos, int algos_n, gnutls_pcert_st **ret_certs,
		  unsigned int *ret_certs_n, gnutls_privkey_t *ret_key)
{
	(void)session, (void)names, (void)n, (void)algos, (void)algos_n;
	if (!current)
		return -1;
	*ret_certs = current->pair->certs;
	*ret_certs_n = current->pair->n;
	*ret_key = current->pair->key;
	return 0;
}
