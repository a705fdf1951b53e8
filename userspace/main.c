/* SPDX-License-Identifier: Apache-2.0 */
/* aeod: joins the verbs with the rooms that serve them. */
#include "cli/cli.h"
#include "sensor/sensor.h"
#include "super/super.h"

int main(int argc, char **argv)
{
	static const struct cli_doors doors = {super__run, sensor__run, sensor__check_config};

	return cli__main(argc, argv, &doors);
}
