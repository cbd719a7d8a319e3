/* SPDX-License-Identifier: BSD-2-Clause */
/* rule_scene.h - a message that every condition of a rule has something to say of. */
#ifndef AS_RULE_SCENE_H
#define AS_RULE_SCENE_H

#include "display_name.h"
#include "policy.h"

enum { RULE_SCENE_NOW = 1800000000 }; /* 2027-01-15 */

struct rule_scene {
	struct as_facts facts;
	struct as_from from;
	struct as_display_name name;
	struct as_spf_outcome spf, helo;
	struct as_dkim_signature signatures[2];
	struct as_dkim_outcome dkim;
	struct as_arc_sealer sealers[2];
	struct as_arc_outcome arc;
	struct as_dmarc_outcome dmarc;
	struct as_iprev_outcome iprev;
	struct as_recipient recipients[2];
};

/* Fills in all of it; facts points at the rest, so the scene stays where it is. */
void rule_scene_stage(struct rule_scene *s);

#endif
