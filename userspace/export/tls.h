/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's certificate and key. They are read again when their files change and on demand; connections that stand keep what they
 * have, new ones get the new. A pair that cannot be used changes nothing.
 */
#ifndef AEO_TLS_H
#define AEO_TLS_H

#include <gnutls/abstract.h>

#include "buf.h"

struct tls;

/* Read both PEM files (paths are copied). NULL with errno and one line why in ret_error. One at a time lives in a process: the TLS
 * library's callback carries no argument. */
struct tls *tls__new(const char *certificate, const char *key, struct buf *ret_error);
/* Accepts NULL, returns NULL. */
struct tls *tls__free(struct tls *t);
/* Read them again: always, or only if a file is another one or was written since. 1 taken, 0 nothing to do, or negative errno with one
 * line why (the same state of the files is then not tried again, unless `always`). */
int tls__reload(struct tls *t, bool always, struct buf *ret_error);
/* Other paths from now on, for the next reload. 0 or -ENOMEM. */
int tls__paths(struct tls *t, const char *certificate, const char *key);
/* When the certificate ends, seconds since the epoch. */
double tls__expires(const struct tls *t);

/* For MHD_OPTION_HTTPS_CERT_CALLBACK. */
int tls__retrieve(gnutls_session_t session, const gnutls_datum_t *names, int n,
		  const gnutls_pk_algorithm_t *algos, int algos_n, gnutls_pcert_st **ret_certs,
		  unsigned int *ret_certs_n, gnutls_privkey_t *ret_key);

#endif
