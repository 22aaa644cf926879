#!/usr/bin/env bash
# The balancer itself says that the sale is over, or stops saying it: for a crowd that would ask nodes in vain. Within a second, and
# until the next `terraform apply`, which puts back what is written in `sale_is_over`.
#
# usage: sale-is-over.sh RULE_ARN shop.example on|off
set -euo pipefail
rule=$1 domain=$2
case $3 in
  on) hosts=$(jq -nc --arg domain "$domain" '[$domain, "publisher." + $domain]') ;;
  off) hosts='["nobody.invalid"]' ;;
  *) echo 'on or off' >&2; exit 2 ;;
esac
conditions=$(jq -n --argjson hosts "$hosts" '[
  {Field: "host-header", HostHeaderConfig: {Values: $hosts}},
  {Field: "path-pattern", PathPatternConfig: {Values: ["/api/v1/sale-items/*/claims"]}},
  {Field: "http-request-method", HttpRequestMethodConfig: {Values: ["POST"]}}
]')
aws elbv2 modify-rule --rule-arn "$rule" --conditions "$conditions" --query 'Rules[0].Conditions[0].HostHeaderConfig.Values' --output text
