/* SPDX-License-Identifier: BSD-2-Clause */
/* rule_scene.c - a message that every condition of a rule has something to say of. */
#include "config.h"

#include "rule_scene.h"

void rule_scene_stage(struct rule_scene *s)
{
	*s = (struct rule_scene){
		.from = { .status = AS_FROM_ONE, .domain = "mail.example.com" },
		.name = { .count = 2, .domains = { "pay.example", "desk.bank.example" } },
		.spf = { .code = AS_SOFTFAIL, .domain = "bounce.example.org", .weakest = "x", .dnssec = AS_DNSSEC_INSECURE },
		.helo = { .code = AS_PASS, .domain = "mx.example.net" },
		.signatures = { { .code = AS_FAIL, .domain = "bad.example", .was_asked = true, .dnssec = AS_DNSSEC_BOGUS },
				{ .code = AS_PASS, .domain = "sub.example.org", .was_asked = true, .dnssec = AS_DNSSEC_SECURE } },
		.sealers = { { .domain = "old.example" }, { .domain = "new.example" } },
		.dmarc = { .code = AS_FAIL, .policy = AS_DMARC_QUARANTINE, .policy_domain = "example.com", .weakest = "x",
			   .dnssec = AS_DNSSEC_INDETERMINATE },
		.iprev = { .code = AS_PASS, .name = "Out.Host.Example", .weakest = "x", .dnssec = AS_DNSSEC_BOGUS },
		.recipients = { { "bob@example.net", "example.net" }, { "payroll@corp.example.net", "corp.example.net" } },
	};
	s->dkim = (struct as_dkim_outcome){ .count = 2, .signatures = s->signatures };
	s->arc = (struct as_arc_outcome){ .code = AS_PASS, .count = 2, .sealers = s->sealers, .was_asked = true };
	s->facts = (struct as_facts){
		.client = { .family = 4, .bytes = { 192, 0, 2, 7 } }, .helo = "MX.Example.Net", .envelope_domain = "bounce.example.org",
		.queue_id = "4XyZ", .hostname = "mx.example.net", .from = &s->from, .display_name = &s->name, .spf = &s->spf, .spf_helo = &s->helo,
		.dkim = &s->dkim, .arc = &s->arc, .dmarc = &s->dmarc, .iprev = &s->iprev, .tls_version = "TLSv1.2", .tls_cipher = "ECDHE-RSA-AES256-GCM-SHA384",
		.now_s = RULE_SCENE_NOW, .message_id = "<1@example.com>", .list_id = "users.lists.example.org", .size = 2000,
		.recipients = s->recipients, .recipient_count = 2,
	};
}
