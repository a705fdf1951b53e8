/* SPDX-License-Identifier: Apache-2.0 */
/* Which node this is, and where on it our pins lie. */
#include <sys/utsname.h>

#include "priv.h"

static void read_line(const char *path, char *to, size_t n)
{
	cleanup_file FILE *f = fopen(path, "re");

	to[0] = '\0';
	if (f && fgets(to, (int)n, f))
		to[strcspn(to, "\n")] = '\0';
}

void node__know(struct sensor *s)
{
	struct utsname u;

	if (uname(&u))
		return;
	(void)snprintf(s->node, sizeof(s->node), "%s", u.nodename);
	(void)snprintf(s->kernel, sizeof(s->kernel), "%.79s", u.release);
	read_line("/proc/sys/kernel/random/boot_id", s->boot_id, sizeof(s->boot_id));
}

/* Pins of the default daemon lie in BPFFS/autoecoops; another run folder gets a name of its own. */
void node__name_pins(struct sensor *s)
{
	uint32_t h = 2166136261u;

	for (const char *p = s->args->run_dir; *p; p++)
		h = (h ^ (unsigned char)*p) * 16777619u;
	if (!strcmp(s->args->run_dir, RUN_DIR_DEFAULT))
		(void)snprintf(s->pin_dir, sizeof(s->pin_dir), "%.200s/autoecoops", s->args->bpffs);
	else
		(void)snprintf(s->pin_dir, sizeof(s->pin_dir), "%.200s/autoecoops-%08x",
			       s->args->bpffs, h);
}
