package config

import (
	"encoding/json"
	"strconv"

	"github.com/gatedrill/gatedrill/keypool"
)

// The presets of a policy; a table may begin with none of them.
const (
	presetStrict     = "strict"
	presetRecovering = "recovering"
	presetNone       = "none"
)

// Policy is a preset's name, or a table that changes a preset.
type Policy struct {
	Preset string                     `json:"preset"`
	Status map[string]Rule            `json:"status"`
	Codes  map[string]map[string]Rule `json:"codes"`
}

type policyTable Policy

// UnmarshalJSON reads a name or a table.
func (p *Policy) UnmarshalJSON(text []byte) error {
	var name string
	if json.Unmarshal(text, &name) == nil {
		*p = Policy{Preset: name}
		return nil
	}
	return json.Unmarshal(text, (*policyTable)(p))
}

func (Policy) schema() map[string]any {
	rule := Rule{}.schema()
	table := object(map[string]any{
		"preset": map[string]any{"type": "string", "enum": []any{presetStrict, presetRecovering, presetNone}, "default": presetRecovering,
			"description": "What the table begins with; none: every answer passes."},
		"status": map[string]any{"type": "object", "patternProperties": map[string]any{"^[1-5][0-9][0-9]$": rule},
			"additionalProperties": false, "description": "By HTTP status: {429: {action: cooldown, default: 30s, cap: 1h}, 403: pass}."},
		"codes": map[string]any{"type": "object", "additionalProperties": false, "description": "By HTTP status from 400 and the provider's error code: {429: {insufficient_quota: disable}}.",
			"patternProperties": map[string]any{"^[45][0-9][0-9]$": map[string]any{"type": "object", "additionalProperties": rule}}},
	}, nil)
	return map[string]any{"anyOf": []any{
		map[string]any{"type": "string", "enum": []any{presetStrict, presetRecovering}}, table,
	}}
}

// Rule is an action, or an action with its times.
type Rule struct {
	Action  string   `json:"action"`
	Default Duration `json:"default"`
	Cap     Duration `json:"cap"`
}

type ruleTable Rule

// UnmarshalJSON reads an action's name or a rule.
func (r *Rule) UnmarshalJSON(text []byte) error {
	var action string
	if json.Unmarshal(text, &action) == nil {
		*r = Rule{Action: action}
		return nil
	}
	return json.Unmarshal(text, (*ruleTable)(r))
}

func (Rule) schema() map[string]any {
	actions := map[string]any{"type": "string", "enum": []any{"pass", "cooldown", "disable"},
		"description": "What happens to the key."}
	time := map[string]any{"type": "string", "pattern": `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`}
	return map[string]any{"anyOf": []any{actions, object(map[string]any{
		"action": actions, "default": described(time, "How long the key cools without a usable Retry-After."),
		"cap": described(time, "The longest that it cools.")}, []any{"action"})}}
}

// rules is the policy for the gateway.
func (p Policy) rules() keypool.Policy {
	policy := keypool.Policy{Status: map[int]keypool.Rule{}, Codes: map[int]map[string]keypool.Rule{}}
	switch p.Preset {
	case presetStrict:
		policy = keypool.Strict()
	case presetRecovering, "":
		policy = keypool.Recovering()
	}
	if policy.Codes == nil {
		policy.Codes = map[int]map[string]keypool.Rule{}
	}
	for text, rule := range p.Status { // map to map: the order shows nowhere
		status, _ := strconv.Atoi(text) // the schema has seen to it
		policy.Status[status] = rule.rule()
	}
	for text, codes := range p.Codes {
		status, _ := strconv.Atoi(text)
		if policy.Codes[status] == nil {
			policy.Codes[status] = map[string]keypool.Rule{}
		}
		for code, rule := range codes {
			policy.Codes[status][code] = rule.rule()
		}
	}
	return policy
}

func (r Rule) rule() keypool.Rule {
	action := map[string]keypool.Action{"pass": keypool.Pass, "cooldown": keypool.Cooldown, "disable": keypool.Disable}[r.Action]
	return keypool.Rule{Action: action, Default: duration(r.Default), Cap: duration(r.Cap)}
}
