/* SPDX-License-Identifier: Apache-2.0 */
/* The parsers of kernel text files, on what kernels print and on what nobody should. */
#include "testing.h"

#include "files/parse.h"

static struct text of(const char *s)
{
	return (struct text){s, strlen(s)};
}

static void lines_and_words(void **state)
{
	struct text t = of("one  two\n\n\tthree"), line, word;

	(void)state;
	assert_true(text__line(&t, &line));
	assert_true(text__word(&line, &word));
	assert_true(text__equal(word, "one"));
	assert_true(text__word(&line, &word));
	assert_true(text__equal(word, "two"));
	assert_false(text__word(&line, &word));
	assert_true(text__line(&t, &line));
	assert_int_equal(line.n, 0);
	assert_true(text__line(&t, &line));
	assert_true(text__word(&line, &word));
	assert_true(text__equal(word, "three"));
	assert_false(text__line(&t, &line));
}

static void numbers(void **state)
{
	uint64_t v = 5;

	(void)state;
	assert_true(text__u64(of("18446744073709551615"), &v));
	assert_true(v == UINT64_MAX);
	assert_true(text__u64(of("99999999999999999999999"), &v));
	assert_true(v == UINT64_MAX);
	v = 5;
	assert_false(text__u64(of("12a"), &v));
	assert_false(text__u64(of(""), &v));
	assert_int_equal(v, 5);
	assert_true(number__parse(of("max\n"), 77, &v));
	assert_int_equal(v, 77);
	assert_true(number__parse(of("-1\n"), 78, &v));
	assert_int_equal(v, 78);
	assert_true(number__parse(of("4096\n"), 77, &v));
	assert_int_equal(v, 4096);
	assert_false(number__parse(of("\n"), 77, &v));
	assert_false(number__parse(of("-x\n"), 77, &v));
	assert_true(decimal__parse(of("12.345"), &v));
	assert_int_equal(v, 1234);
	assert_true(decimal__parse(of("7"), &v));
	assert_int_equal(v, 700);
	assert_true(decimal__parse(of("0.5"), &v));
	assert_int_equal(v, 50);
	assert_false(decimal__parse(of("1,5"), &v));
	assert_false(decimal__parse(of("."), &v));
}

static void keys_known_and_unknown(void **state)
{
	static const struct key_row rows[] = {
		{"a", 0, 1}, {"stall_*", 1, 1}, {"MemTotal", 2, 1024}, {"gone", 70, 1}};
	uint64_t v[71] = {0}, known[2] = {~0ULL, ~0ULL};
	struct values values = {v, known};

	(void)state;
	keys__parse(of("a 7\nstall_dma 1\nab 9\nstall_normal 4\nMemTotal:       2 kB\nbroken x\n"),
		    rows, 4, &values);
	assert_int_equal(v[0], 7);
	assert_int_equal(v[1], 5);
	assert_int_equal(v[2], 2048);
	assert_true(values__known(known, 0) && values__known(known, 1) && values__known(known, 2));
	assert_false(values__known(known, 70)); /* it was known before: the file has it no more */
	assert_true(values__known(known, 3));	/* of another file */
	keys__parse(of("MemTotal: 18446744073709551615 kB\n"), rows, 4, &values);
	assert_true(v[2] == UINT64_MAX);
	assert_false(values__known(known, 0));
}

static void quota_and_pressure(void **state)
{
	uint64_t quota = 0, period = 0, total[2] = {0, 0};

	(void)state;
	assert_true(quota__parse(of("20000 100000\n"), 9, &quota, &period));
	assert_int_equal(quota, 20000);
	assert_int_equal(period, 100000);
	assert_true(quota__parse(of("max 100000\n"), 9, &quota, &period));
	assert_int_equal(quota, 9);
	assert_false(quota__parse(of("max\n"), 9, &quota, &period));
	assert_int_equal(psi__parse(of("some avg10=1.00 avg60=0.10 avg300=0.00 total=123\n"
				       "full avg10=0.00 avg60=0.00 avg300=0.00 total=45\n"),
				    total),
			 3);
	assert_int_equal(total[0], 123);
	assert_int_equal(total[1], 45);
	/* the cpu file of kernels before 5.13 has no second line */
	assert_int_equal(psi__parse(of("some avg10=0.00 avg60=0.00 avg300=0.00 total=6\n"), total),
			 1);
	assert_int_equal(psi__parse(of("full total=x\nsometimes total=4\n"), total), 0);
}

static void io_lines(void **state)
{
	struct text t = of("252:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n"
			   "7:7 7:6 8:16 rbytes=10 wbytes=20 rios=30 wios=40 cost.usage=1\n"
			   "259:3 \n"
			   "x:y rbytes=1\n"
			   "4294967296:0 rbytes=1\n");
	struct io_line io;

	(void)state;
	assert_true(io__next(&t, &io));
	assert_int_equal(io.major, 252);
	assert_int_equal(io.v[0], 1);
	assert_int_equal(io.v[1], 2);
	assert_int_equal(io.v[2], 3);
	assert_int_equal(io.v[3], 4);
	assert_true(io__next(&t, &io));
	assert_int_equal(io.major, 8);
	assert_int_equal(io.minor, 16);
	assert_int_equal(io.v[3], 40);
	assert_false(io__next(&t, &io));
}

static void network_files(void **state)
{
	static const struct key_row rows[] = {{"ListenOverflows", 0, 1}, {"ListenDrops", 1, 1}};
	uint64_t a = 0, b = 0, c = 0, v[2] = {0, 0}, known = 0;
	struct values values = {v, &known};
	struct nic_line nic;

	(void)state;
	assert_true(nic__parse(of("  eth0: 1000 10 1 2 0 0 0 0 2000 20 3 4 0 0 0 0"), &nic));
	assert_string_equal(nic.name, "eth0");
	for (size_t i = 0; i < NIC_VALUES; i++)
		assert_int_equal(nic.v[i], ((const uint64_t[]){1000, 10, 1, 2, 2000, 20, 3, 4})[i]);
	assert_false(nic__parse(of(" face |bytes    packets errs"), &nic));
	assert_false(nic__parse(of("  eth0: 1000 10 1"), &nic));
	assert_true(softnet__parse(
		of("0000000f 00000002 00000001 0\n000000ff 00000001 00000003 0\n"), &a, &b, &c));
	assert_int_equal(a, 0xf + 0xff);
	assert_int_equal(b, 3);
	assert_int_equal(c, 4);
	assert_false(softnet__parse(of("no numbers\n"), &a, &b, &c));
	nettable__parse(
		of("TcpExt: X ListenOverflows ListenDrops\nTcpExt: -1 17 19\nIpExt: ListenDrops\nIpExt: 5\n"),
		"TcpExt:", rows, 2, &values);
	assert_int_equal(v[0], 17);
	assert_int_equal(v[1], 19);
	assert_int_equal(known, 3);
	nettable__parse(of("TcpExt: X ListenOverflows\n"), "TcpExt:", rows, 2, &values);
	assert_int_equal(known, 0);
}

static void mounts(void **state)
{
	struct mount_line m;

	(void)state;
	assert_true(mount__parse(
		of("40 27 252:2 / /data\\040disk rw,noatime shared:9 master:1 - xfs /dev/vda2 ro,attr2"),
		&m));
	assert_string_equal(m.path, "/data disk");
	assert_string_equal(m.type, "xfs");
	assert_string_equal(m.source, "/dev/vda2");
	assert_int_equal(m.id, 40);
	assert_int_equal(m.parent, 27);
	assert_int_equal(m.major, 252);
	assert_true(m.read_only && m.whole && !m.broken);
	assert_true(mount__parse(of("41 27 252:3 /a /b rw - ext4 /dev/vda3 rw,emergency_ro"), &m));
	assert_true(!m.read_only && !m.whole && m.broken);
	assert_true(mount__parse(of("41 27 252:3 /a /b rw,prot - ext4 /dev/vda3 rw,rox"), &m));
	assert_false(m.read_only);
	assert_false(mount__parse(of("41 27 252:3 /a /b rw ext4 /dev/vda3 rw"), &m));
	assert_false(mount__parse(of("41 27 252 /a /b rw - ext4 /dev/vda3 rw"), &m));
	assert_false(mount__parse(of("41 27 252:3 /a /b\\000c rw - ext4 /dev/vda3 rw"), &m));
}

static void interrupts(void **state)
{
	struct irq_line q;

	(void)state;
	assert_int_equal(irq__cpus(of("           CPU0       CPU1       ")), 2);
	assert_int_equal(irq__cpus(of(" 24:  1  2")), 0);
	assert_true(irq__parse(
		of(" 36:          1     549283 PCI-MSIX-0000:00:02.0   1-edge      virtio1-req.0, eth 0"),
		2, &q));
	assert_string_equal(q.irq, "36");
	assert_string_equal(q.device, "virtio1-req.0, eth 0");
	assert_int_equal(q.total, 549284);
	assert_true(irq__parse(of("LOC:       39   41   Local timer interrupts"), 2, &q));
	assert_string_equal(q.irq, "LOC");
	assert_string_equal(q.device, "Local timer interrupts");
	assert_int_equal(q.total, 80);
	assert_true(irq__parse(of("ERR:          3"), 2, &q));
	assert_int_equal(q.total, 3);
	assert_string_equal(q.device, "");
	assert_false(irq__parse(of("LOC: none"), 2, &q));
	assert_false(irq__parse(of(""), 2, &q));
}

static void names(void **state)
{
	struct text path;
	uint32_t major = 0, minor = 0;
	uint64_t inode = 0;
	char name[32];

	(void)state;
	assert_true(partition__parse(of(" 252        1    1048576 vda1"), &major, &minor, name));
	assert_string_equal(name, "vda1");
	assert_int_equal(major, 252);
	assert_int_equal(minor, 1);
	assert_false(partition__parse(of("major minor  #blocks  name"), &major, &minor, name));
	assert_true(pid_cgroup__parse(of("4:memory:/m\n2:cpu,cpuacct:/c:d\n0::/u\n"), "cpuacct",
				      &path));
	assert_true(text__equal(path, "/c:d"));
	assert_true(pid_cgroup__parse(of("4:memory:/m\n0::/u\n"), "", &path));
	assert_true(text__equal(path, "/u"));
	assert_false(pid_cgroup__parse(of("4:memory:/m\n"), "pids", &path));
	assert_true(ns__parse(of("net:[4026531840]"), &inode));
	assert_true(inode == 4026531840);
	assert_false(ns__parse(of("net:[]"), &inode));
	assert_false(ns__parse(of("net:["), &inode));
	assert_false(ns__parse(of("mnt:[1]"), &inode));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_and_words),
		cmocka_unit_test(numbers),
		cmocka_unit_test(keys_known_and_unknown),
		cmocka_unit_test(quota_and_pressure),
		cmocka_unit_test(io_lines),
		cmocka_unit_test(network_files),
		cmocka_unit_test(mounts),
		cmocka_unit_test(interrupts),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
