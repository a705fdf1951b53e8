/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what comes from the rows of the configuration: `yaml`, the default file with its comments;
 * `man`, the manual page aeod.yaml(5). Runs while building. */
#include "conf.h"

static const char *const head[] = {
	".TH AEOD.YAML 5 \"\" \"AutoEcoOps " AEO_VERSION "\" \"AutoEcoOps\"",
	".SH NAME",
	"aeod.yaml \\- configuration of aeod and aeo-export",
	".SH SYNOPSIS",
	".I /etc/autoecoops/aeod.yaml",
	".SH DESCRIPTION",
	"One YAML file for both programs. Without it the defaults below hold; with",
	".B \\-\\-config",
	"another file is read, which must be there. A file that is wrong stops the start, with exit",
	"status 2 and one line: file, line, column, field, what was found and what was expected.",
	".B aeod run \\-\\-check\\-config",
	"says the same and starts nothing.",
	".PP",
	"Refused are unknown and duplicate keys, anchors, aliases, tags, merge keys, directives, several",
	"documents, numbers without their unit, values out of range, files above 1 MiB, and, read by",
	"root, files that others may write. Text that a YAML reader could take for a number, a date or a",
	"truth value needs quotes.",
	".PP",
	"On SIGHUP aeod reads the file again. What can be reloaded takes effect; what takes a restart is",
	"named in the log and stays as it was. A file that is wrong changes nothing.",
	".SH SETTINGS",
	"The file below is the default.",
	".PP",
	".nf",
};

static const char *const foot[] = {
	".fi", ".SH SEE ALSO", ".BR aeod (8)", ".SH FILES", ".I /etc/autoecoops/aeod.yaml",
};

static void put_lines(const char *const *lines, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)puts(lines[i]);
}

/* Backslashes and dashes mean something to roff, dots and quotes at the beginning of a line too. */
static void put_roff(const char *text)
{
	bool begins = true;

	for (const char *s = text; *s; s++) {
		if (begins && (*s == '.' || *s == '\''))
			(void)fputs("\\&", stdout);
		if (*s == '\\')
			(void)fputs("\\e", stdout);
		else if (*s == '-')
			(void)fputs("\\-", stdout);
		else
			(void)putchar(*s);
		begins = *s == '\n';
	}
}

int main(int argc, char **argv)
{
	cleanup_buf struct buf text = BUF_INIT;
	struct conf *c = conf__new();
	bool man = argc == 2 && !strcmp(argv[1], "man");

	if (!c || (!man && (argc != 2 || strcmp(argv[1], "yaml") != 0))) {
		(void)fprintf(stderr, "usage: conf_page man|yaml\n");
		return 2;
	}
	conf__print(c, true, &text);
	conf__free(c);
	if (text.failed)
		return 1;
	if (!man) {
		(void)printf(
			"# Configuration of aeod and aeo-export, with every setting at its default: aeod.yaml(5)\n\n%s",
			text.data);
		return fflush(stdout) ? 1 : 0;
	}
	put_lines(head, ARRAY_SIZE(head));
	put_roff(text.data);
	put_lines(foot, ARRAY_SIZE(foot));
	return fflush(stdout) ? 1 : 0;
}
