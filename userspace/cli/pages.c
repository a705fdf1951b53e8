/* SPDX-License-Identifier: Apache-2.0 */
/* --help, the manual page and the completions, all from the rows of commands.def, args.h and probes.def. */
#include "intake.h"
#include "options.h"
#include "priv.h"

static const struct {
	const char *name, *what;
} verbs[] = {
#define COMMAND(name, shown, function, what) {shown ? #name : NULL, what},
#include "commands.def"
};

static const struct {
	const char *command, *what;
} examples[] = {
#define EXAMPLE(command, what) {command, what},
#include "commands.def"
};

/* One of the options that every program takes: a line of args__help(). */
struct common {
	char name[24], argument[16], what[96];
};

/* The next line of that text into *ret; NULL behind the last. */
static const char *next_common(const char *text, struct common *ret)
{
	if (sscanf(text, " %23s %15s %95[^\n]", ret->name, ret->argument, ret->what) != 3)
		return NULL;
	text = strchrnul(text, '\n');
	return *text ? text + 1 : text;
}

#define EACH_COMMON(o) (const char *at_ = args__help(); (at_ = next_common(at_, &(o)));)
#define EACH_VERB(i) (size_t i = 0; i < ARRAY_SIZE(verbs); i++) if (verbs[i].name)
#define EACH_OPTION(row, verb)                                                         \
	(const struct option_row *row = option_rows; row < option_rows + option_count; \
	 row++) if (option__of(row, verb))

#define EXIT_TEXT \
	"0 ok (an empty list too), 1 failed, 2 usage or configuration, 6 the daemon cannot be reached."

void page__help(FILE *out)
{
	fprintf(out, "Usage: aeod VERB [options]\n\nVerbs:\n");
	for
		EACH_VERB(i)
		{
			fprintf(out, "  %-9s %s\n", verbs[i].name, verbs[i].what);
		for
			EACH_OPTION(row, verbs[i].name)
		fprintf(out, "            %s%s%s: %s\n", row->name, row->argument[0] ? " " : "",
			row->argument, row->what);
		}
	fprintf(out, "\nOptions of every verb:\n%s", args__help());
	fprintf(out,
		"\nOf the program: --help, --man (the manual page), --completion bash|zsh|fish\n");
	fprintf(out, "\nExit status: " EXIT_TEXT "\n");
}

/* ---- the manual page ---- */

/* Text for roff: dashes and backslashes mean themselves, a dot at the beginning too. */
static void roff(const char *s)
{
	if (*s == '.' || *s == '\'')
		(void)fputs("\\&", stdout);
	for (; *s; s++)
		(void)(*s == '\\' ? fputs("\\e", stdout) :
		       *s == '-'  ? fputs("\\-", stdout) :
				    putchar(*s));
}

static void man_option(const char *name, const char *argument, const char *what)
{
	printf(".TP\n.B ");
	roff(name);
	if (*argument) {
		printf(" \\fI");
		roff(argument);
		printf("\\fR");
	}
	printf("\n");
	roff(what);
	printf(".\n");
}

static void man_verbs(void)
{
	printf(".SH VERBS\n");
	for
		EACH_VERB(i)
		{
			printf(".SS ");
			roff(verbs[i].name);
			printf("\n");
			roff(verbs[i].what);
			printf(".\n");
		for
			EACH_OPTION(row, verbs[i].name)
		man_option(row->name, row->argument, row->what);
		}
}

static void man_keys(void)
{
	printf(".SH KEYS OF TOP\n"
	       "c, t, i, m, r, n: sort by CPU wait, throttling, I/O wait, memory pressure, segments sent again, name. Arrows, page\n"
	       "keys, home, end: move, and left and right change the order. Enter: the processes of a row; Esc: back. /: show rows that\n"
	       "contain a word. Space: hold still. ?: help. q: quit.\n"
	       ".PP\nAll figures but the last one are seconds in each second: 0.5 s of CPU wait means that on average half a task\n"
	       "was ready to run and did not. I/O wait is the kernel's own account of stalls where the node has one (cgroup v2), and the\n"
	       "time that block requests took elsewhere. What the kernel does not tell is shown as a question mark.\n");
}

int page__man(void)
{
	struct common o;

	printf(".TH AEOD 8 \"\" \"AutoEcoOps %s\" \"AutoEcoOps\"\n.SH NAME\naeod \\- see what a Linux node waits for, by cgroup, "
	       "container and process\n.SH SYNOPSIS\n.B aeod\n.I verb\n[options]\n.SH DESCRIPTION\n.B aeod run\nis the daemon; "
	       "every other verb asks it over its local socket, which root and the group autoecoops may open.\n",
	       AEO_VERSION);
	man_verbs();
	printf(".SH OPTIONS OF EVERY VERB\n");
	for
		EACH_COMMON(o)
	man_option(o.name, o.argument, o.what);
	man_option("--help", "", "Verbs and options");
	man_option("--man", "", "This page, as roff");
	man_option("--completion", "bash|zsh|fish",
		   "What completes this command line in that shell");
	man_keys();
	printf(".SH EXAMPLES\n");
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		printf(".TP\n.B ");
		roff(examples[i].command);
		printf("\n");
		roff(examples[i].what);
		printf("\n");
	}
	printf(".SH EXIT STATUS\n" EXIT_TEXT
	       "\n.SH FILES\n.TP\n.I %s\nconfiguration\n.TP\n.I %s/aeod.sock\nthe local socket\n"
	       ".SH SEE ALSO\n.BR aeod.yaml (5)\n",
	       CONFIG_DEFAULT, RUN_DIR_DEFAULT);
	return EXIT_OK;
}

/* ---- completions ---- */

/* What may stand behind an option: words for the shell to choose from, or a path. */
static bool is_path(const char *argument)
{
	return !strcmp(argument, "FILE") || !strcmp(argument, "DIR");
}

static void print_words(const char *argument)
{
	if (!strcmp(argument, "PROBE,..."))
		for (enum aeo_probe p = 0; p < PROBE_MAX; p++)
			printf("%s%s", p ? " " : "", probe__row(p)->name);
	else if (strchr(argument, '|'))
		for (; *argument; argument++)
			(void)putchar(*argument == '|' ? ' ' : *argument);
}

static void print_verbs(const char *between)
{
	const char *before = "";

	for
		EACH_VERB(i)
		{
			printf("%s%s", before, verbs[i].name);
			before = between;
		}
}

static void print_commons(void)
{
	struct common o;

	for
		EACH_COMMON(o)
	printf(" %s", o.name);
	printf(" --help");
}

static void bash_values(void)
{
	struct common o;

	for
		EACH_VERB(i)
		for
			EACH_OPTION(row, verbs[i].name)
		if (row->argument[0]) {
			printf("\t%s:%s) COMPREPLY=($(compgen %s '", verbs[i].name, row->name,
			       is_path(row->argument) ? "-f -W" : "-W");
			print_words(row->argument);
			printf("' -- \"$cur\")); return ;;\n");
		}
	for
		EACH_COMMON(o)
	printf("\t*:%s) COMPREPLY=($(compgen %s -- \"$cur\")); return ;;\n", o.name,
	       strcmp(o.argument, "DIR") ? "-f" : "-d");
	printf("\t*:--completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- \"$cur\")); return ;;\n");
}

static void bash(void)
{
	printf("# bash completion for aeod\n_aeod() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb= words w\n"
	       "\tfor w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n\t\tcase $w in ");
	print_verbs("|");
	printf(") verb=$w; break ;; esac\n\tdone\n\tcase $verb:$prev in\n");
	bash_values();
	printf("\tesac\n\tcase $verb in\n");
	for
		EACH_VERB(i)
		{
			printf("\t%s) words='", verbs[i].name);
		for
			EACH_OPTION(row, verbs[i].name)
		printf("%s ", row->name);
		printf("' ;;\n");
		}
	printf("\t*) words='");
	print_verbs(" ");
	printf(" --man --completion' ;;\n\tesac\n\tCOMPREPLY=($(compgen -W \"$words");
	print_commons();
	printf("\" -- \"$cur\"))\n}\ncomplete -F _aeod aeod\n");
}

/* Inside quotes of zsh's _arguments brackets and colons are its own. */
static void zsh_text(const char *s)
{
	for (; *s; s++) {
		if (strchr("[]:\\", *s))
			(void)putchar('\\');
		(void)(*s == '\'' ? fputs("'\\''", stdout) : putchar(*s));
	}
}

static void zsh_option(const char *name, const char *argument, const char *what)
{
	printf(" \\\n\t\t\t'%s[", name);
	zsh_text(what);
	printf("]");
	if (*argument) {
		printf(":value:");
		if (is_path(argument))
			printf("_files%s", strcmp(argument, "DIR") ? "" : " -/");
		else if (strchr(argument, '|') || !strcmp(argument, "PROBE,...")) {
			printf("(");
			print_words(argument);
			printf(")");
		}
	}
	printf("'");
}

static void zsh_commons(void)
{
	struct common o;

	for
		EACH_COMMON(o)
	zsh_option(o.name, o.argument, o.what);
	zsh_option("--help", "", "verbs and options");
}

static void zsh(void)
{
	printf("#compdef aeod\n_aeod() {\n\tlocal state\n\tlocal -a verbs\n\tverbs=(\n");
	for
		EACH_VERB(i)
		{
			printf("\t\t'%s:", verbs[i].name);
			zsh_text(verbs[i].what);
			printf("'\n");
		}
	printf("\t)\n\t_arguments -C");
	zsh_commons();
	printf(" \\\n\t\t\t'1:verb:->verb' '*::option:->options'\n\tcase $state in\n\tverb) _describe verb verbs ;;\n"
	       "\toptions)\n\t\tcase $words[1] in\n");
	for
		EACH_VERB(i)
		{
			printf("\t\t%s) _arguments", verbs[i].name);
		for
			EACH_OPTION(row, verbs[i].name)
		zsh_option(row->name, row->argument, row->what);
		zsh_commons();
		printf(" ;;\n");
		}
	printf("\t\tesac ;;\n\tesac\n}\n_aeod \"$@\"\n");
}

static void fish_text(const char *s)
{
	(void)putchar('\'');
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			(void)putchar('\\');
		(void)putchar(*s);
	}
	(void)putchar('\'');
}

static void fish_option(const char *name, const char *argument, const char *what)
{
	printf(" -%c %s", name[1] == '-' ? 'l' : 's', name + (name[1] == '-' ? 2 : 1));
	if (is_path(argument)) {
		printf(" -r -F");
	} else if (*argument) {
		printf(" -x -a '");
		print_words(argument);
		printf("'");
	}
	printf(" -d ");
	fish_text(what);
	printf("\n");
}

static void fish(void)
{
	struct common o;

	printf("# fish completion for aeod\ncomplete -c aeod -f\n");
	for
		EACH_COMMON(o)
		{
			printf("complete -c aeod");
			fish_option(o.name, o.argument, o.what);
		}
	for
		EACH_VERB(i)
		{
			printf("complete -c aeod -n __fish_use_subcommand -a %s -d ",
			       verbs[i].name);
			fish_text(verbs[i].what);
			printf("\n");
		for
			EACH_OPTION(row, verbs[i].name)
			{
				printf("complete -c aeod -n '__fish_seen_subcommand_from %s'",
				       verbs[i].name);
				fish_option(row->name, row->argument, row->what);
			}
		}
}

int page__completion(const char *shell)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

	for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
		if (!strcmp(shells[i].name, shell)) {
			shells[i].print();
			return EXIT_OK;
		}
	log_error("--completion takes bash, zsh or fish, found \"%s\"", shell);
	return EXIT_USAGE;
}
