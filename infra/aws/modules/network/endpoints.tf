# AWS's services inside the network: what a node says to them crosses no internet and no metered way out.

locals {
  account = data.aws_caller_identity.this.account_id
  region  = data.aws_region.this.name
  # A filter, not a grant: whoever comes through here is one of ours, whatever he may do.
  ours_alone = {
    Sid       = "OursAlone"
    Effect    = "Allow"
    Principal = "*"
    Action    = "*"
    Resource  = "*"
    Condition = { StringEquals = { "aws:PrincipalAccount" = local.account } }
  }
  # Layers of images and packages of the system lie in buckets of AWS's, and are fetched without a name.
  of_aws = {
    Sid       = "LayersAndPackages"
    Effect    = "Allow"
    Principal = "*"
    Action    = "s3:GetObject"
    Resource = [
      "arn:aws:s3:::prod-${local.region}-starport-layer-bucket/*",
      "arn:aws:s3:::al2023-repos-${local.region}-de612dc2/*",
    ]
  }
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${local.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [for table in aws_route_table.nodes : table.id]
  policy            = jsonencode({ Version = "2012-10-17", Statement = [local.ours_alone, local.of_aws] })
  tags              = { Name = "${var.name}-s3" }
}

resource "aws_vpc_endpoint" "private" {
  for_each            = var.private_services
  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${local.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [for subnet in aws_subnet.nodes : subnet.id]
  security_group_ids  = [aws_security_group.this["endpoints"].id]
  policy              = jsonencode({ Version = "2012-10-17", Statement = [local.ours_alone] })
  tags                = { Name = "${var.name}-${each.key}" }
}
