"""The AWS control plane: questions in our words, answers as evidence.

The only place that speaks to botocore. A dictionary of AWS never leaves it, nor does one of botocore's exceptions.
Importing it does not import boto3 or botocore: that happens with the first question.
"""

from checks.world.aws.questions import RealAws, real_aws
from checks.world.aws.session import Credentials, Limits

__all__ = ["Credentials", "Limits", "RealAws", "real_aws"]
