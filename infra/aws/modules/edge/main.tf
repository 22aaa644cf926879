# The edge: pages from a private bucket, everything else from the balancer, and the only address that the street knows.

locals {
  hosts = toset([for name in ["", "publisher.", "consumer.", "general."] : "${name}${var.domain}"])
}

module "static" {
  source        = "../bucket"
  bucket        = var.static_bucket
  key_arn       = var.key_arn
  keep_old_days = 30
  statements = [
    {
      Sid       = "Edge"
      Effect    = "Allow"
      Principal = { Service = "cloudfront.amazonaws.com" }
      Action    = "s3:GetObject"
      Resource  = "arn:aws:s3:::${var.static_bucket}/static/*"
      Condition = { StringEquals = { "AWS:SourceArn" = aws_cloudfront_distribution.this.arn } }
    },
    {
      # Whoever may list is told 404 of what is not there; whoever may not, 403.
      Sid       = "EdgeMisses"
      Effect    = "Allow"
      Principal = { Service = "cloudfront.amazonaws.com" }
      Action    = "s3:ListBucket"
      Resource  = "arn:aws:s3:::${var.static_bucket}"
      Condition = { StringEquals = { "AWS:SourceArn" = aws_cloudfront_distribution.this.arn } }
    },
  ]
}

data "aws_cloudfront_cache_policy" "pages" {
  name = "Managed-CachingOptimized"
}

data "aws_cloudfront_cache_policy" "none" {
  name = "Managed-CachingDisabled"
}

# Host too: the balancer has rules by host, and a socket is opened only by pages of the host that it asks.
data "aws_cloudfront_origin_request_policy" "all" {
  name = "Managed-AllViewer"
}

resource "aws_cloudfront_origin_access_control" "bucket" {
  name                              = var.name
  description                       = "${var.name}: the edge signs what it asks of a bucket."
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_function" "pages" {
  name    = "${var.name}-pages"
  comment = "Which page stands at which address."
  runtime = "cloudfront-js-2.0"
  publish = true
  code    = replace(file("${path.module}/pages.js"), "\"MISSING_PAGE\"", jsonencode(file("${path.module}/../../../../static/pages/404.html")))
}

resource "aws_cloudfront_distribution" "this" {
  #checkov:skip=CKV_AWS_86:Logged by the newer way, below; the older one needs a bucket with access lists.
  #checkov:skip=CKV_AWS_310:There is one balancer, and no other origin could answer for it.
  #checkov:skip=CKV_AWS_374:Buyers come from everywhere.
  #checkov:skip=CKV2_AWS_47:The list of known bad inputs is in firewall.tf, in a loop that is not read here; a test asserts it.
  enabled         = true
  comment         = var.name
  aliases         = local.hosts
  http_version    = "http2and3"
  is_ipv6_enabled = true
  price_class     = var.price_class
  # As the function says it too; whichever comes first.
  default_root_object = "static/pages/home.html"
  web_acl_id          = aws_wafv2_web_acl.this.arn

  origin {
    origin_id                = "static"
    domain_name              = module.static.domain
    origin_access_control_id = aws_cloudfront_origin_access_control.bucket.id
  }
  origin {
    origin_id                = "media"
    domain_name              = var.media_domain
    origin_access_control_id = aws_cloudfront_origin_access_control.bucket.id
  }
  origin {
    origin_id   = "balancer"
    domain_name = var.origin
    # A POST is never sent twice: one try.
    connection_attempts = 1
    connection_timeout  = 5
    custom_header {
      name  = "X-Miaosha-Edge"
      value = var.edge_word
    }
    custom_origin_config {
      http_port                = 80
      https_port               = 443
      origin_protocol_policy   = "https-only"
      origin_ssl_protocols     = ["TLSv1.2"]
      origin_keepalive_timeout = 55
      origin_read_timeout      = 60
    }
  }

  default_cache_behavior {
    target_origin_id           = "static"
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = data.aws_cloudfront_cache_policy.pages.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.pages.id
    function_association {
      event_type   = "viewer-request"
      function_arn = aws_cloudfront_function.pages.arn
    }
  }
  ordered_cache_behavior {
    path_pattern               = "/media/*"
    target_origin_id           = "media"
    viewer_protocol_policy     = "redirect-to-https"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    cache_policy_id            = data.aws_cloudfront_cache_policy.pages.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.pages.id
  }
  # Its answers bring headers of their own, and none is kept here.
  dynamic "ordered_cache_behavior" {
    for_each = ["/api/*", "/docs/*"]
    content {
      path_pattern             = ordered_cache_behavior.value
      target_origin_id         = "balancer"
      viewer_protocol_policy   = "https-only"
      allowed_methods          = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
      cached_methods           = ["GET", "HEAD"]
      compress                 = true
      cache_policy_id          = data.aws_cloudfront_cache_policy.none.id
      origin_request_policy_id = data.aws_cloudfront_origin_request_policy.all.id
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }
  viewer_certificate {
    acm_certificate_arn      = aws_acm_certificate_validation.this.certificate_arn
    ssl_support_method       = "sni-only"
    minimum_protocol_version = "TLSv1.2_2021"
  }
}

# As nginx and the one process say it, and one header that only a name with a certificate may say.
resource "aws_cloudfront_response_headers_policy" "pages" {
  #checkov:skip=CKV_AWS_259:TLS is enforced for a year and for subdomains; the browsers' own list is the domain owner's to join.
  name    = "${var.name}-pages"
  comment = "What a browser may do with our pages."
  security_headers_config {
    content_security_policy {
      content_security_policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
      override                = true
    }
    content_type_options {
      override = true
    }
    frame_options {
      frame_option = "DENY"
      override     = true
    }
    referrer_policy {
      referrer_policy = "strict-origin-when-cross-origin"
      override        = true
    }
    strict_transport_security {
      access_control_max_age_sec = 31536000
      include_subdomains         = true
      override                   = true
    }
  }
  custom_headers_config {
    items {
      header   = "Cross-Origin-Opener-Policy"
      value    = "same-origin"
      override = true
    }
    items {
      header   = "Cross-Origin-Resource-Policy"
      value    = "same-origin"
      override = true
    }
    items {
      header   = "Permissions-Policy"
      value    = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
      override = true
    }
  }
}

resource "aws_acm_certificate" "this" {
  provider                  = aws.us_east_1
  domain_name               = var.domain
  subject_alternative_names = ["*.${var.domain}"]
  validation_method         = "DNS"
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "proof" {
  zone_id         = var.zone_id
  name            = tolist(aws_acm_certificate.this.domain_validation_options)[0].resource_record_name
  type            = tolist(aws_acm_certificate.this.domain_validation_options)[0].resource_record_type
  records         = [tolist(aws_acm_certificate.this.domain_validation_options)[0].resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "this" {
  provider                = aws.us_east_1
  certificate_arn         = aws_acm_certificate.this.arn
  validation_record_fqdns = [aws_route53_record.proof.fqdn]
}

resource "aws_route53_record" "host" {
  for_each = { for pair in setproduct(local.hosts, ["A", "AAAA"]) : "${pair[0]} ${pair[1]}" => { host = pair[0], type = pair[1] } }
  zone_id  = var.zone_id
  name     = each.value.host
  type     = each.value.type
  alias {
    name                   = aws_cloudfront_distribution.this.domain_name
    zone_id                = aws_cloudfront_distribution.this.hosted_zone_id
    evaluate_target_health = false
  }
}
